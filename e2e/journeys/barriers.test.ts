import { expect } from 'vitest';
import type { Page } from 'playwright';
import { barriersOf } from '../actors/axe.ts';
import { bankx, insurance } from '../actors/cast.ts';
import { sees } from '../actors/eventually.ts';
import { journey } from '../actors/journey.ts';
import { Consultant } from '../actors/consultant.ts';
import type { Scene } from '../actors/scene.ts';

/** Collects what bars people from each screen, so that one journey tells of all. */
function inspection() {
  const found: string[] = [];
  return {
    async of(screen: string, page: Page): Promise<void> {
      found.push(...(await barriersOf(page, screen)));
    },
    async ofChat(screen: string, page: Page): Promise<void> {
      const frame = page.frames().find((each) => each.url().includes('/widget/'));
      if (!frame) throw new Error('The chat is not loaded');
      found.push(...(await barriersOf(page, screen, frame)));
    },
    async areNone(): Promise<void> {
      expect(found, 'serious and critical findings of axe').toEqual([]);
    },
  };
}

journey('no screen of the desk bars anybody', [bankx], async (scene) => {
  const { cast, world } = scene;
  const barriers = inspection();
  const user = await scene.user();
  const ana = new Consultant(await scene.seat(cast.consultant.name), world.desk.url, 'contoso', cast.consultant);

  await ana.page.goto(world.desk.url);
  await sees(ana.page.getByLabel('Organisation')).toBeVisible();
  await barriers.of('choose client', ana.page);
  await ana.page.getByLabel('Organisation').fill('contoso');
  await ana.page.keyboard.press('Enter');
  await sees(ana.page.getByRole('heading', { name: 'Choose an account' })).toBeVisible();
  await barriers.of('account page', ana.page);
  await ana.choosesAccount();
  await ana.isAtTheDesk();
  await barriers.of('empty desk', ana.page);

  await ana.goesAvailable();
  const guest = await comes(scene, user);
  await sees(ana.offerOf(guest)).toBeVisible();
  await barriers.of('offer', ana.page);
  await ana.acceptsByKey(guest);
  await ana.unfoldsTheBotPart();
  await ana.replies('Hello, this is Ana.');
  await ana.writesNote('Sounded worried');
  await ana.box.fill('A draft');
  await barriers.of('thread', ana.page);
  await ana.box.fill('/');
  await sees(ana.page.getByRole('listbox', { name: 'Replies and actions' })).toBeVisible();
  await barriers.of('replies and actions', ana.page);
  await ana.box.fill('');

  for (const [key, name] of [
    ['t', 'Transfer'],
    ['b', 'Back to the bot'],
    ['e', 'Close'],
  ] as const) {
    await ana.presses(key);
    await sees(ana.page.getByRole('form', { name })).toBeVisible();
    await barriers.of(`panel: ${name}`, ana.page);
    await ana.page.keyboard.press('Escape');
  }
  await ana.presses('?');
  await sees(ana.page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  await barriers.of('keys', ana.page);
  await ana.page.keyboard.press('Escape');
  await ana.page.keyboard.press('Control+k');
  await sees(ana.page.getByRole('dialog', { name: 'Search or do' })).toBeVisible();
  await barriers.of('search or do', ana.page);
  await ana.page.keyboard.press('Escape');
  await ana.goesTo('Settings');
  await sees(ana.page.getByRole('heading', { name: 'Settings' })).toBeVisible();
  await barriers.of('settings', ana.page);

  const marta = await scene.supervisor();
  await marta.goesTo('Live');
  await sees(marta.page.locator('[data-row]', { hasText: guest })).toBeVisible();
  await barriers.of('live', marta.page);
  await marta.opens(guest);
  await marta.seesLine('Hello, this is Ana.');
  await barriers.of('live, watching', marta.page);
  await marta.goesTo('Transcripts');
  await sees(marta.page.locator('[data-row]', { hasText: guest })).toBeVisible();
  await marta.page.getByRole('button', { name: 'Filters' }).click();
  await barriers.of('transcripts', marta.page);
  await marta.finds(guest);
  await barriers.of('transcript', marta.page);
  await barriers.areNone();
});

journey('no screen of the web chat bars anybody', [bankx, insurance], async (scene) => {
  const { cast } = scene;
  const barriers = inspection();
  const [user, ana] = await Promise.all([scene.user(), scene.consultant()]);
  await ana.goesAvailable();
  await sees(user.launcher).toBeVisible();
  await barriers.of('page with the chat closed', user.page);
  await user.opensTheChat();
  await barriers.of('page with the chat open', user.page);
  await barriers.ofChat('chat with the bot', user.page);
  const guest = user.nameAtTheDesk;
  await user.escalates(cast.trouble);
  await barriers.ofChat('chat, waiting', user.page);
  await sees(ana.offerOf(guest)).toBeVisible();
  await ana.acceptsByKey(guest);
  await ana.replies('Hello, how can I help?');
  await user.seesReplyOf(ana.name, 'Hello, how can I help?');
  await barriers.ofChat('chat with a consultant', user.page);
  await ana.closes('Resolved', 'Done');
  await user.sees(/is finished/);
  await sees(user.chat.locator('form.rating')).toBeVisible();
  await barriers.ofChat('chat with the rating', user.page);
  await barriers.areNone();
});

async function comes({ cast }: Scene, user: Awaited<ReturnType<Scene['user']>>): Promise<string> {
  await user.opensTheChat();
  await user.escalates(cast.trouble);
  return user.nameAtTheDesk;
}
