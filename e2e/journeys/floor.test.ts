import { expect } from 'vitest';
import { BotCaller } from '../actors/bot-caller.ts';
import { bankx, insurance } from '../actors/cast.ts';
import { sees } from '../actors/eventually.ts';
import { journey } from '../actors/journey.ts';

journey(
  'H6 D19 a line of the bot after the take-over is suppressed, and shown so',
  [bankx, insurance],
  async (scene) => {
    const { cast, world } = scene;
    const [user, ana, marta] = await Promise.all([scene.user(), scene.consultant(), scene.supervisor()]);
    await ana.goesAvailable();
    await user.opensTheChat();
    const guest = user.nameAtTheDesk;
    await user.escalates(cast.trouble);
    await ana.seesOffer(guest, { reason: cast.reason, queue: cast.queue, lines: [] });
    await ana.acceptsByKey(guest);
    await marta.watches(guest);

    const late = 'Your balance is 1,234.56 euros, by the way.';
    const result = await new BotCaller(world, cast).says(late, user.conversation);
    expect(result).toMatchObject({ outcome: 'suppressed', floor: 'human' });
    for (const staff of [ana, marta]) {
      const line = staff.thread.getByRole('button', { name: /bot line suppressed/ });
      await sees(line).toContainText(late);
      await line.click();
      await staff.seesLine(/never saw this: it was spoken after the conversation changed hands/);
    }

    await ana.replies('I am looking at your account.');
    await user.seesReplyOf(ana.name, 'I am looking at your account.');
    await user.says('what is my balance?');
    await ana.seesLineOnce('what is my balance?');
    await ana.replies('I tell you in a moment.');
    await user.seesReplyOf(ana.name, 'I tell you in a moment.');
    await user.neverSaw(late);
    await user.neverSaw(/The balance of your account/);
  },
);
