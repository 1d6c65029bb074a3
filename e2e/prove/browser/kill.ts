import { sees } from '../../actors/eventually.ts';
import type { Random } from '../shared/random.ts';
import { Laptop } from './laptop.ts';
import { arrived, inStep, type Findings } from './scenario.ts';
import { startWorld } from './world.ts';

const words = 'I have blocked your card and a new one is on its way to you';

/** The browser is killed in the middle of a word with replies that could not go out, and right after a reply was sent. */
export async function kill(findings: Findings, random: Random, loops: number): Promise<void> {
  const world = await startWorld();
  const laptop = await Laptop.of(world);
  const channel = 'kill';
  const sent: string[] = [];
  try {
    const id = await world.held(channel);
    await laptop.opens(id);
    for (let loop = 1; loop <= loops; loop++) {
      await laptop.holdsReplies();
      for (const n of [1, 2]) {
        const line = `Queued ${loop}.${n}`;
        await laptop.writes(line);
        sent.push(line);
      }
      const end = random.whole(12, words.length - 1);
      const keys: { at: number; text: string }[] = [];
      for (const key of words.slice(0, end)) {
        await laptop.page.keyboard.type(key);
        keys.push({ at: performance.now(), text: (keys.at(-1)?.text ?? '') + key });
      }
      const killedAt = performance.now();
      await laptop.isKilled();
      findings.add('kills');

      await laptop.opens(id);
      await laptop.holdsReplies();
      await sees(laptop.ana.box).not.toHaveValue('');
      const draft = await laptop.ana.box.inputValue();
      const due = keys.findLast(({ at }) => at <= killedAt - 1_000)?.text ?? '';
      findings.holds(
        `the draft after kill ${loop} is “${draft}”, and “${keys.at(-1)?.text}” was typed`,
        words.startsWith(draft),
      );
      findings.holds(
        `the draft after kill ${loop} is “${draft}”, and “${due}” was typed a second before`,
        draft.length >= due.length,
      );
      findings.most('keys-lost', end - draft.length);
      await laptop.letsReplies();
      findings.isExactly(`replies after kill ${loop}`, await arrived(world, channel, sent.length), sent);
      await sees(laptop.pending()).toHaveCount(0);
      await laptop.ana.seesDraft(draft);

      // Now the moment after the box was emptied: the words must be somewhere.
      const line = `Sent ${loop}`;
      await laptop.ana.box.fill(line);
      await laptop.ana.box.press('Enter');
      await laptop.page.waitForFunction(() => document.querySelector('textarea')?.value === '');
      await laptop.isKilled();
      findings.add('kills');
      sent.push(line);
      await laptop.opens(id);
      findings.isExactly(`the reply of kill ${loop}`, await arrived(world, channel, sent.length), sent);
      await inStep(world, laptop, id);
      findings.holds(`what was sent before kill ${loop} is no draft again`, (await laptop.ana.box.inputValue()) === '');
    }
    findings.isExactly('the log of the desk', await world.said(id), sent);
    findings.holds(`the page threw: ${laptop.errors.join(', ')}`, laptop.errors.length === 0);
  } finally {
    await laptop.closes();
    await world.close();
  }
}
