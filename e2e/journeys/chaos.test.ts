import { bankx } from '../actors/cast.ts';
import { journey } from '../actors/journey.ts';
import { sees } from '../actors/eventually.ts';

const chaos = 'drop=0.2,double=0.2,delay=0-1500,fail=0.1';

journey(
  'Y20 with faults on purpose the console stays right, and the user gets each reply once',
  [bankx],
  async (scene) => {
    const { cast, world } = scene;
    await world.desk.stop();
    await world.desk.start({ CHAOS: chaos });
    const [user, ana, marta] = await Promise.all([scene.user(), scene.consultant(), scene.supervisor()]);
    for (const { witness } of [ana, marta])
      witness.tolerates(/status of 503/, /ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_CONNECTION_CLOSED/);
    await ana.goesAvailable();

    await user.opensTheChat();
    const guest = user.nameAtTheDesk;
    await user.escalates(cast.trouble);
    await ana.seesOffer(guest, { reason: cast.reason, queue: cast.queue, lines: [] });
    await ana.acceptsByKey(guest);
    await marta.watches(guest);

    const replies = ['First reply', 'Second reply', 'Third reply', 'Fourth reply', 'Fifth reply'];
    const lines = ['First question', 'Second question', 'Third question'];
    for (const [i, reply] of replies.entries()) {
      await ana.replies(reply);
      const line = lines[i];
      if (line !== undefined) await user.says(line);
    }
    await ana.writesNote('Heard everything');

    await user.seesInOrder(...replies);
    for (const text of [...replies, ...lines]) {
      await user.seesOnce(text);
      await ana.seesLineOnce(text);
      await marta.seesLineOnce(text);
    }
    await ana.hasNothingQueued();
    await user.neverSaw('Heard everything');

    await marta.searches('Fifth reply');
    await marta.finds(guest);
    const { text } = await marta.exports('JSON, everything');
    const said = (JSON.parse(text) as { entries: { kind: string; text?: string }[] }).entries.flatMap((entry) =>
      entry.kind === 'message' && entry.text !== undefined && [...replies, ...lines].includes(entry.text)
        ? [entry.text]
        : [],
    );
    // What is on Ana's screen stands there in the order of the transcript.
    await sees
      .poll(async () => {
        const shown = (await ana.thread.innerText()).split('\n').map((line) => line.trim());
        return shown.filter((line) => [...replies, ...lines].includes(line));
      })
      .toEqual(said);
  },
);
