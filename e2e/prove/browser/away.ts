/// <reference lib="dom" />
import { sees, until } from '../../actors/eventually.ts';
import type { Random } from '../shared/random.ts';
import { Laptop } from './laptop.ts';
import { arrived, inStep, type Findings } from './scenario.ts';
import { startWorld } from './world.ts';

const minute = 60_000;
/** Milliseconds after waking in which the screen must be right. The watchdog alone would take thirty seconds. */
const promptly = 8_000;

/**
 * Ten minutes of sleep, in two seconds: the processes that draw pages are stopped, the desk's clock and the laptop's wall
 * clock go on by ten minutes, the machine's own time does not, and the connections of before carry nothing any more.
 */
export async function sleep(findings: Findings): Promise<void> {
  const world = await startWorld();
  const laptop = await Laptop.of(world);
  try {
    const id = await world.held('sleep');
    await laptop.opens(id);
    await laptop.writes('Good morning');
    await arrived(world, 'sleep', 1);
    await inStep(world, laptop, id);
    const loaded = await laptop.loadedAt();
    const rows = await laptop.page.locator('[data-row]').count();

    await laptop.sleeps();
    world.line.stall();
    for (const line of ['are you there?', 'hello?', 'I wait']) await world.bot.say('user', 'sleep', line);
    await world.escalated('sleep, another');
    await world.advance(10 * minute);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await laptop.wakes(10 * minute);
    findings.add('sleeps');

    const took = await inStep(world, laptop, id);
    findings.most('right-after-sleep-ms', took);
    findings.holds(`after sleep the screen was right after ${Math.round(took)} ms`, took < promptly);
    await laptop.ana.isLive();
    await sees(laptop.page.locator('[data-row]')).toHaveCount(rows + 1);
    await laptop.writes('I am back');
    findings.isExactly('replies around sleep', await arrived(world, 'sleep', 2), ['Good morning', 'I am back']);
    findings.holds('nobody loaded the page again', (await laptop.loadedAt()) === loaded);
    findings.holds(`the page threw: ${laptop.errors.join(', ')}`, laptop.errors.length === 0);
  } finally {
    await laptop.closes();
    await world.close();
  }
}

/** Two minutes offline, in two seconds: the browser is told so, the line is cut, and the desk's clock goes on by two minutes. */
export async function offline(findings: Findings, random: Random): Promise<void> {
  const world = await startWorld();
  const laptop = await Laptop.of(world);
  try {
    const id = await world.held('offline');
    await laptop.opens(id);
    const loaded = await laptop.loadedAt();
    world.line.cut();
    await laptop.context.setOffline(true);
    await sees(laptop.ana.connection).toHaveText(/^Offline/);
    const replies = [1, 2, 3].map((n) => `While offline ${n}, ${random.whole(0, 999)}`);
    for (const [index, line] of replies.entries()) {
      await laptop.writes(line);
      await sees(laptop.pending()).toHaveCount(index + 1);
      await world.bot.say('user', 'offline', `from the user ${index}`);
    }
    await sees(laptop.ana.connection).toHaveAttribute('title', /Offline .* 3 messages waiting to go/);
    await laptop.ana.types('and half a sen');
    await world.advance(2 * minute);
    findings.holds('nothing went out offline', world.received('offline').length === 0);
    findings.add('offline');

    world.line.mend();
    await laptop.context.setOffline(false);
    const took = await inStep(world, laptop, id);
    findings.most('right-after-offline-ms', took);
    findings.isExactly('replies written offline', await arrived(world, 'offline', 3), replies);
    await sees(laptop.pending()).toHaveCount(0);
    await laptop.ana.isLive();
    await laptop.ana.seesDraft('and half a sen');
    findings.holds('nobody loaded the page again', (await laptop.loadedAt()) === loaded);
    findings.holds(`the page threw: ${laptop.errors.join(', ')}`, laptop.errors.length === 0);
  } finally {
    await laptop.closes();
    await world.close();
  }
}

/** A laptop whose clock is an hour ahead or behind, and is set while replies wait. */
export async function clock(findings: Findings, ahead: 1 | -1): Promise<void> {
  const world = await startWorld();
  const wrong = await Laptop.of(world, { skew: ahead * 60 * minute });
  const right = await Laptop.of(world);
  try {
    const id = await world.held('clock');
    await world.bot.say('user', 'clock', 'is it still today?');
    await Promise.all([wrong.opens(id), right.opens(id)]);
    const loaded = await wrong.loadedAt();
    await wrong.holdsReplies();
    const replies = ['First', 'Second', 'Third'];
    for (const line of replies) {
      await wrong.writes(line);
      // Back and forth by more than it is wrong: order by this clock would turn the lines round.
      await wrong.stepsClock(-ahead * 90 * minute);
      ahead = -ahead as 1 | -1;
    }
    findings.add('clock-steps', replies.length);
    const order = await wrong.pending().allInnerTexts();
    findings.holds(
      `waiting lines stand as ${order.join(' | ')}`,
      replies.every((line, i) => order[i]?.includes(line)),
    );
    const times = await wrong
      .pending()
      .locator('time')
      .evaluateAll((all) => all.map((one) => (one as HTMLTimeElement).dateTime));
    findings.holds(
      `waiting lines are said to be of ${times.join(', ')}`,
      times.length === 3 && times.every((time) => Math.abs(Date.parse(time) - Date.now()) < minute),
    );
    findings.holds('nobody loaded the page again', (await wrong.loadedAt()) === loaded);
    // A reload reads the lines back from the browser's own storage.
    await wrong.page.reload();
    await sees(wrong.pending()).toHaveCount(3);
    await wrong.letsReplies();
    findings.isExactly('replies under a wrong clock', await arrived(world, 'clock', 3), replies);
    await Promise.all([inStep(world, wrong, id), inStep(world, right, id)]);
    // Where reading begins again is each window's own.
    const text = async ({ ana }: Laptop) => (await ana.thread.innerText()).replace(/^\d+ new since .*\n/m, '');
    await until(async () => {
      const [theirs, ours] = [await text(wrong), await text(right)];
      if (theirs !== ours || theirs.includes('on its way'))
        throw new Error(`The wrong clock shows\n${theirs}\nand the right one\n${ours}`);
    });
    await sees(wrong.ana.connection).toHaveAttribute('title', /in step (now|\d+ s ago)/);
    findings.add('wrong-clocks');
    findings.holds(`the page threw: ${wrong.errors.join(', ')}`, wrong.errors.length === 0);
  } finally {
    await wrong.closes();
    await right.closes();
    await world.close();
  }
}
