import type { Page } from 'playwright';
import { contoso, fabrikam } from '@parley/sandbox';
import type { Who } from './story.ts';

/** Signs in as a person would: the console sends the page to the sandbox, where an account is chosen. */
export async function signIn(page: Page, url: string, who: Who | 'tom'): Promise<void> {
  const tenant = [contoso, fabrikam].find(({ people }) => people.some(({ email }) => email.startsWith(`${who}@`)));
  const person = tenant?.people.find(({ email }) => email.startsWith(`${who}@`));
  if (tenant === undefined || person === undefined) throw new Error(`The sandbox has no ${who}`);
  await page.goto(`${url}/${tenant.slug}`);
  await page.getByRole('heading', { name: 'Choose an account' }).waitFor({ timeout: 20_000 });
  await page.getByRole('button', { name: person.name }).click();
  await page.getByRole('navigation', { name: 'Places' }).waitFor({ timeout: 20_000 });
}
