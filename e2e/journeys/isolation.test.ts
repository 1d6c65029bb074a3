import { expect } from 'vitest';
import { paths } from '@parley/contracts';
import { bankx, insurance } from '../actors/cast.ts';
import { Consultant } from '../actors/consultant.ts';
import { sees } from '../actors/eventually.ts';
import { journey } from '../actors/journey.ts';
import { User } from '../actors/user.ts';

journey('H23 nobody sees anything of another client', [bankx], async (scene) => {
  const { cast, world } = scene;
  const [user, ana, noor] = await Promise.all([
    scene.user(),
    scene.consultant(),
    scene.seat('Noor Haddad').then(async (seat) => {
      const consultant = new Consultant(seat, world.desk.url, insurance.tenant.slug, insurance.consultant);
      await consultant.signsIn();
      return consultant;
    }),
  ]);
  await Promise.all([ana.goesAvailable(), noor.goesAvailable()]);
  await user.opensTheChat();
  const guest = user.nameAtTheDesk;
  await user.escalates(cast.trouble);
  await ana.seesOffer(guest, { reason: cast.reason, queue: cast.queue, lines: [] });
  await ana.acceptsByKey(guest);
  await ana.replies('Only for BankX');
  const id = new URL(ana.page.url()).pathname.split('/').at(-1) ?? '';

  const insured = await User.visits(await scene.seat('insured user'), world.bot.url + insurance.page);
  await insured.opensTheChat();
  await insured.escalates(insurance.trouble);
  const other = insured.nameAtTheDesk;
  await noor.seesOffer(other, { reason: insurance.reason, queue: insurance.queue, lines: [] });
  await noor.acceptsByKey(other);
  await noor.replies('Only for Fabrikam');
  const othersId = new URL(noor.page.url()).pathname.split('/').at(-1) ?? '';
  await sees(ana.page.getByText(other)).toHaveCount(0);

  noor.witness.tolerates(/status of 404/);
  await noor.page.goto(`${world.desk.url}/fabrikam/c/${id}`);
  await noor.isToldThat('This is not here any more, or not yours to see.');
  await sees(noor.page.getByText('Only for BankX')).toHaveCount(0);
  await sees(noor.page.getByText(guest)).toHaveCount(0);
  await sees(noor.page.getByRole('heading', { name: 'Mine 1' })).toBeVisible();
  await sees(noor.page.getByRole('heading', { name: 'Waiting 0' })).toBeVisible();

  // Under the other client's address nothing of Ana's sign-in counts: she is asked who of that client she is.
  const session = ana.page.waitForRequest((request) => request.url().endsWith(paths.session));
  await ana.page.reload();
  const { authorization = '' } = await (await session).allHeaders();
  await ana.page.goto(`${world.desk.url}/fabrikam`);
  await sees(ana.page.getByRole('heading', { name: 'Choose an account' })).toBeVisible();
  await sees(ana.page.getByText('Fabrikam Insurance')).toBeVisible();
  await sees(ana.page.getByText(ana.name)).toHaveCount(0);

  // Nor does a token open anything there, whatever the path.
  const noorsSession = noor.page.waitForRequest((request) => request.url().endsWith(paths.session));
  await noor.page.goto(noor.address);
  const tokens = { ana: authorization, noor: (await (await noorsSession).allHeaders())['authorization'] ?? '' };
  const read = async (who: keyof typeof tokens, path: string) => {
    const response = await fetch(world.desk.url + path, { headers: { authorization: tokens[who] } });
    return { status: response.status, text: await response.text() };
  };
  for (const [who, own, foreign, words] of [
    ['ana', id, othersId, 'Only for Fabrikam'],
    ['noor', othersId, id, 'Only for BankX'],
  ] as const) {
    expect((await read(who, paths.conversation(own))).status).toBe(200);
    for (const path of [
      paths.conversation(foreign),
      `${paths.entries(foreign)}?after=0`,
      `${paths.export(foreign)}?format=text`,
    ]) {
      const answer = await read(who, path);
      expect(answer.status, path).toBe(404);
      expect(answer.text).not.toContain(words);
    }
  }
});
