/// <reference lib="dom" />
import { expect } from 'vitest';
import { bankx } from '../actors/cast.ts';
import { journey } from '../actors/journey.ts';

journey('Y12 a draft belongs to its conversation and survives a reload', [bankx], async (scene) => {
  const { cast } = scene;
  const [first, second, ana] = await Promise.all([
    scene.user('first user'),
    scene.user('second user'),
    scene.consultant(),
  ]);
  await ana.goesAvailable();
  for (const user of [first, second]) {
    await user.opensTheChat();
    await user.escalates(cast.trouble);
    await ana.seesOffer(user.nameAtTheDesk, { reason: cast.reason, queue: cast.queue, lines: [] });
    await ana.acceptsByKey(user.nameAtTheDesk);
  }

  await ana.drafts('For the second one');
  await ana.opens(first.nameAtTheDesk);
  await ana.seesDraft('');
  await ana.drafts('For the first one');
  await ana.opens(second.nameAtTheDesk);
  await ana.seesDraft('For the second one');

  await ana.page.reload();
  await ana.seesDraft('For the second one');
  await ana.opens(first.nameAtTheDesk);
  await ana.seesDraft('For the first one');
  await ana.sendsWhatIsWritten();
  await first.seesReplyOf(ana.name, 'For the first one');
  await ana.seesDraft('');
  await ana.opens(second.nameAtTheDesk);
  await ana.seesDraft('For the second one');
  await second.neverSaw('For the first one');
  await second.neverSaw('For the second one');
});

journey('Y18 while the desk is down nothing is lost, and everybody goes on by themselves', [bankx], async (scene) => {
  const { cast, world } = scene;
  const [user, ana] = await Promise.all([scene.user(), scene.consultant()]);
  await ana.goesAvailable();
  await user.opensTheChat();
  const guest = user.nameAtTheDesk;
  await user.escalates(cast.trouble);
  await ana.seesOffer(guest, { reason: cast.reason, queue: cast.queue, lines: [] });
  await ana.acceptsByKey(guest);
  await ana.replies('I am with you.');
  await user.seesReplyOf(ana.name, 'I am with you.');
  const loaded = await ana.page.evaluate(() => performance.timeOrigin);

  ana.witness.tolerates(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/, /WebSocket connection to/);
  await world.desk.kill();
  await ana.isReconnecting();
  await ana.queues('First while it was down');
  await ana.queues('Second while it was down');
  await user.says('Are you still there?');
  await user.says('I can wait.');

  await world.desk.start();
  await ana.isLive();
  await ana.hasNothingQueued();
  await ana.seesLineOnce('Are you still there?');
  await ana.seesLineOnce('I can wait.');
  await user.seesInOrder('I am with you.', 'First while it was down', 'Second while it was down');
  await user.seesInOrder('Are you still there?', 'I can wait.');
  await ana.replies('Third, all is well again');
  await user.seesReplyOf(ana.name, 'Third, all is well again');
  for (const line of ['First while it was down', 'Second while it was down', 'Third, all is well again', 'I can wait.'])
    await user.seesOnce(line);
  await ana.seesLineOnce('First while it was down');
  await user.talksTo(ana.name);
  expect(await ana.page.evaluate(() => performance.timeOrigin), 'the console was not loaded again').toBe(loaded);
});
