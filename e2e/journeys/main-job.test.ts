import { expect } from 'vitest';
import { bankx, insurance } from '../actors/cast.ts';
import { journey } from '../actors/journey.ts';
import type { Scene } from '../actors/scene.ts';

const name = 'a user gets from the bot to a consultant and back, with a supervisor watching';
journey(name, [bankx, insurance], mainJob);
journey(`${name}, on Cosmos`, [bankx], mainJob, 'cosmos');

async function mainJob(scene: Scene): Promise<void> {
  const { cast } = scene;
  const [user, ana, marta] = await Promise.all([scene.user(), scene.consultant(), scene.supervisor()]);
  await ana.goesAvailable();

  await user.opensTheChat();
  const guest = user.nameAtTheDesk;
  await user.escalates(cast.trouble);
  await ana.seesOffer(guest, {
    reason: cast.reason,
    queue: cast.queue,
    lines: cast.trouble.slice(-2).map(([line]) => line),
  });

  await ana.acceptsByKey(guest);
  await user.talksTo(ana.name);
  await user.sees(`You are now talking to ${ana.name}`);
  await marta.watches(guest);
  await ana.unfoldsTheBotPart();
  for (const [line, answer] of cast.trouble) {
    await ana.seesLine(line);
    await ana.seesLine(answer);
  }

  const hello = `Hello, this is ${ana.name}. I order a new card for you.`;
  await ana.types('Hello, this is ');
  await user.seesTyping();
  await ana.replies(hello);
  await user.seesReplyOf(ana.name, hello);
  await marta.seesLine(hello);

  await user.types('how long will it');
  await ana.seesTypingOf('Guest');
  await user.says('how long will it take?');
  await ana.seesLine('how long will it take?');
  await marta.seesLine('how long will it take?');

  const note = 'Sounded worried, call back if it takes longer';
  await ana.writesNote(note);
  await marta.seesLine(note);
  await ana.page.keyboard.press('Escape');
  await ana.presses('r');
  await ana.replies('Three days.');
  await user.seesReplyOf(ana.name, 'Three days.');
  await marta.seesLine('Three days.');
  await user.neverSaw(note);

  const promise = 'The new card arrives within three days';
  await ana.handsBackToTheBot({ outcome: 'Follow-up promised', comment: 'Card ordered', promise });
  await user.talksToTheBot();
  await user.sees(`What was promised to you: ${promise}.`);
  await user.neverSaw('Card ordered');
  await user.says('when are you open?');
  await user.sees(/Monday to Friday/);
  await marta.seesLine('when are you open?');

  await marta.searches('three days');
  await marta.finds(guest);
  await marta.reads(hello);
  await marta.reads(note);
  const text = await marta.exports('Text');
  expect(text.name).toMatch(/\.txt$/);
  for (const said of [
    cast.trouble[0]?.[0] ?? '',
    hello,
    `note by ${ana.name}: ${note}`,
    `${ana.name} took the conversation`,
    'when are you open?',
  ])
    expect(text.text).toContain(said);
  const json = JSON.parse((await marta.exports('JSON, everything')).text) as {
    format: string;
    client: string;
    entries: { seq: number; kind: string }[];
  };
  expect(json).toMatchObject({ format: 'parley/1', client: cast.tenant.slug });
  expect(json.entries.map(({ seq }) => seq)).toEqual(json.entries.map((_, index) => index + 1));
  const transcript = await marta.exports('Bot Framework .transcript');
  expect(transcript.name).toMatch(/\.transcript$/);
  const activities = JSON.parse(transcript.text) as {
    type: string;
    name?: string;
    text?: string;
    from: { name?: string; role: string };
  }[];
  expect(activities).toContainEqual(
    expect.objectContaining({ type: 'message', text: hello, from: expect.objectContaining({ name: ana.name }) }),
  );
  expect(activities.map(({ name }) => name)).toEqual(expect.arrayContaining(['handoff.initiate', 'handoff.status']));
}
