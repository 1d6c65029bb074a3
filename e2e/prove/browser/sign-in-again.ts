/// <reference lib="dom" />
import { sees } from '../../actors/eventually.ts';
import { Laptop } from './laptop.ts';
import { arrived, inStep, type Findings } from './scenario.ts';
import { startWorld } from './world.ts';

const hour = 3_600_000;

/**
 * Hour 25, in two seconds: the clocks of the desk and of the sign-in go on, so that access token, refresh token and session
 * have all expired.
 * @param way in a window of its own, or in this one because the browser allows no other
 */
export async function signInAgain(findings: Findings, way: 'window' | 'here'): Promise<void> {
  const world = await startWorld();
  const laptop = await Laptop.of(world);
  try {
    const id = await world.held('hour 25');
    await laptop.opens(id);
    await laptop.writes('In the first hour');
    await arrived(world, 'hour 25', 1);
    const loaded = await laptop.loadedAt();
    const address = laptop.page.url();

    await world.advance(25 * hour);
    findings.add('dead-sign-ins');
    const replies = ['Written without a sign-in', 'And another', 'And a third'];
    for (const line of replies) await laptop.writes(line);
    await laptop.ana.types('half a wo');
    const again = laptop.page.getByRole('button', { name: 'Sign in again' });
    await sees(again).toBeVisible();
    await sees(laptop.ana.connection).toHaveText(/^Sign-in needed/);
    await sees(laptop.ana.connection).toHaveAttribute('title', /3 messages waiting to go/);
    await sees(laptop.pending()).toHaveCount(3);
    await laptop.ana.seesDraft('half a wo');

    if (way === 'window') {
      // A colleague at the same machine: nothing goes out in the wrong name.
      await inWindow(laptop, 'Lukas Meyer');
      await sees(laptop.page.getByText(/That was Lukas Meyer/)).toBeVisible();
      findings.holds('nothing goes out in another name', (await laptop.pending().count()) === 3);
      await inWindow(laptop, 'Ana Ruiz');
    } else {
      await laptop.page.evaluate(() => {
        window.open = () => null;
      });
      await again.click();
      await laptop.page.getByRole('button', { name: 'Sign in in this window' }).click();
      await laptop.page
        .getByRole('heading', { name: /account|Sign/ })
        .first()
        .waitFor();
      await laptop.page.getByRole('button', { name: 'Ana Ruiz' }).click();
    }
    findings.isExactly('replies around hour 25', await arrived(world, 'hour 25', 4), ['In the first hour', ...replies]);
    await laptop.ana.isLive();
    await sees(again).toHaveCount(0);
    await sees(laptop.pending()).toHaveCount(0);
    await inStep(world, laptop, id);
    await laptop.ana.seesDraft('half a wo');
    findings.holds(`she is back at ${laptop.page.url()}`, laptop.page.url() === address);
    if (way === 'window') findings.holds('nobody loaded the page again', (await laptop.loadedAt()) === loaded);
    findings.holds(`the page threw: ${laptop.errors.join(', ')}`, laptop.errors.length === 0);
  } finally {
    await laptop.closes();
    await world.close();
  }
}

async function inWindow(laptop: Laptop, name: string): Promise<void> {
  const opened = laptop.page.waitForEvent('popup');
  await laptop.page.getByRole('button', { name: 'Sign in again' }).click();
  const window = await opened;
  await window.getByRole('button', { name }).click();
}
