import { bankx, insurance } from '../actors/cast.ts';
import { journey } from '../actors/journey.ts';

journey('the web chat goes on after a reload, and in a second tab', [bankx], async (scene) => {
  const { cast } = scene;
  const [user, ana] = await Promise.all([scene.user(), scene.consultant()]);
  await ana.goesAvailable();
  await user.opensTheChat();
  const guest = user.nameAtTheDesk;
  await user.escalates(cast.trouble);
  await ana.seesOffer(guest, { reason: cast.reason, queue: cast.queue, lines: [] });
  await ana.acceptsByKey(guest);
  await ana.replies('Before the reload');
  await user.seesReplyOf(ana.name, 'Before the reload');

  await user.reloads();
  await user.talksTo(ana.name);
  await user.seesInOrder(cast.trouble[0]?.[0] ?? '', cast.trouble[2]?.[1] ?? '', 'Before the reload');
  await user.seesOnce('Before the reload');
  await ana.replies('After the reload');
  await user.seesReplyOf(ana.name, 'After the reload');
  await user.says('I am back');
  await ana.seesLineOnce('I am back');

  const tab = await user.opensASecondTab();
  await tab.talksTo(ana.name);
  await tab.seesInOrder('Before the reload', 'After the reload', 'I am back');
  await tab.says('From the second tab');
  await ana.seesLineOnce('From the second tab');
  await user.seesOnce('From the second tab');
  await ana.replies('To both tabs');
  for (const each of [user, tab]) {
    await each.seesReplyOf(ana.name, 'To both tabs');
    await each.seesOnce('To both tabs');
  }
});

journey('a user in Teams goes the same way', [bankx, insurance], async (scene) => {
  const { cast } = scene;
  const dana = await scene.teamsUser('Dana Fox');
  const ana = await scene.consultant();
  await ana.goesAvailable();
  await dana.escalates(cast.trouble);
  await ana.seesOffer('Dana Fox', {
    reason: cast.reason,
    queue: cast.queue,
    lines: cast.trouble.slice(-2).map(([line]) => line),
  });
  await ana.acceptsByKey('Dana Fox');
  await dana.sees(`You are now talking to ${ana.name}`);
  await ana.replies('Hello Dana, how can I help?');
  await dana.sees('Hello Dana, how can I help?');
  await dana.sees(ana.name);
  await dana.says('A new card, please');
  await ana.seesLine('A new card, please');
  await ana.closes('Resolved', 'Card ordered');
  await dana.sees(/How did we do, from 1 \(bad\) to 5 \(great\)\?/);
  await dana.says('5');
  await dana.sees(/Thank you!/);
  await dana.seesOnce('Hello Dana, how can I help?');
});
