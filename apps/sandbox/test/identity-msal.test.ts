import { existsSync } from 'node:fs';
import { chromium } from 'playwright';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contoso, fabrikam, startSandbox } from '../src/index.ts';
import type { Sandbox, Tenant } from '../src/index.ts';
import { startConsole } from './console-like.ts';
import { verifyStrictly } from './strict-verifier.ts';

/** What the pages of console-like.ts leave on their window. */
declare const window: { scopes: string[]; ready: Promise<SignInResult | null>; app: MsalApp };
interface SignInResult {
  accessToken: string;
  error?: string;
}
interface MsalApp {
  loginRedirect(request: object): Promise<void>;
  loginPopup(request: object): Promise<SignInResult>;
  acquireTokenSilent(request: object): Promise<SignInResult>;
  ssoSilent(request: object): Promise<SignInResult>;
  logoutRedirect(): Promise<void>;
  getAllAccounts(): { homeAccountId: string; username: string }[];
}

const chromiumPath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const [ana] = contoso.people;
let browser: Browser;
let sandbox: Sandbox;
let desk: Awaited<ReturnType<typeof startConsole>>;
let offset = 0;

describe.skipIf(!existsSync(chromiumPath))(
  `MSAL in Chromium (skipped without ${chromiumPath})`,
  { timeout: 60_000 },
  () => {
    beforeAll(async () => {
      desk = await startConsole(() => sandbox.url);
      sandbox = await startSandbox({
        port: 0,
        redirectUris: [desk.redirectUri, desk.home(contoso)],
        now: () => Date.now() + offset,
      });
      browser = await chromium.launch({
        executablePath: chromiumPath,
        args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      });
    }, 60_000);
    afterAll(async () => {
      await browser?.close();
      await sandbox?.close();
      await desk?.close();
    });

    test('signs in by redirect, refreshes silently, signs in silently by the session, and signs out', async () => {
      const page = await open(contoso);
      await signInByRedirect(page, ana.name);
      expect(await page.evaluate(() => window.app.getAllAccounts())).toMatchObject([
        { homeAccountId: `${ana.oid}.${contoso.tid}`, username: ana.email },
      ]);

      const cached = await silently(page);
      expect((await verifyStrictly(sandbox, contoso, cached)).oid).toBe(ana.oid);
      expect(await silently(page), 'from the cache').toBe(cached);

      const grants: string[] = [];
      page.on('request', (request) => {
        const body = request.method() === 'POST' ? request.postData() : null;
        if (body) grants.push(new URLSearchParams(body).get('grant_type') ?? '');
      });
      const refreshed = await silently(page, { forceRefresh: true });
      expect(refreshed).not.toBe(cached);
      await verifyStrictly(sandbox, contoso, refreshed);
      expect(grants).toEqual(['refresh_token']);

      const byIframe = await page.evaluate(
        async (loginHint) => (await window.app.ssoSilent({ scopes: window.scopes, loginHint })).accessToken,
        ana.email,
      );
      expect((await verifyStrictly(sandbox, contoso, byIframe)).oid).toBe(ana.oid);

      await Promise.all([page.waitForURL(desk.home(contoso)), page.evaluate(() => void window.app.logoutRedirect())]);
      await page.waitForFunction(() => window.ready);
      expect(await page.evaluate(() => window.app.getAllAccounts())).toEqual([]);
      expect(await ssoSilentError(page)).toBe('login_required');
      await page.context().close();
    });

    test('asks for interaction once the refresh token and the session are over', async () => {
      const page = await open(contoso);
      await signInByRedirect(page, ana.name);
      try {
        offset = 25 * 3_600_000;
        const outcome = await page.evaluate(() =>
          window.app.acquireTokenSilent({ scopes: window.scopes, forceRefresh: true }).then(
            () => 'token',
            (error) => `${error.name} ${error.errorCode}`,
          ),
        );
        expect(outcome).toBe('InteractionRequiredAuthError login_required');
      } finally {
        offset = 0;
      }
      await page.context().close();
    });

    test('signs in by popup, with the keyboard alone', async () => {
      const [noor, felix] = fabrikam.people;
      const page = await open(fabrikam);
      const opened = page.waitForEvent('popup');
      const token = page.evaluate(async () => (await window.app.loginPopup({ scopes: window.scopes })).accessToken);
      const popup = await opened;
      await popup.getByRole('button', { name: noor.name }).waitFor();
      expect(await popup.evaluate('document.activeElement.textContent')).toContain(noor.name);
      await popup.keyboard.press('Tab');
      await popup.keyboard.press('Enter');
      expect((await verifyStrictly(sandbox, fabrikam, await token)).oid).toBe(felix.oid);
      await page.context().close();
    });

    test('hears access_denied when the person cancels', async () => {
      const page = await open(contoso);
      await page.evaluate(() => void window.app.loginRedirect({ scopes: window.scopes, prompt: 'select_account' }));
      await page.getByRole('button', { name: 'Cancel and go back' }).click();
      await page.waitForURL(desk.home(contoso));
      expect(await page.evaluate(() => window.ready)).toMatchObject({ error: 'access_denied' });
      await page.context().close();
    });
  },
);

async function open(tenant: Tenant): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(desk.home(tenant));
  await page.evaluate(() => window.ready);
  return page;
}

async function signInByRedirect(page: Page, name: string): Promise<void> {
  await page.evaluate(() => void window.app.loginRedirect({ scopes: window.scopes }));
  await page.getByRole('heading', { name: 'Choose an account' }).waitFor();
  await page.getByRole('button', { name }).click();
  await page.waitForURL(desk.home(contoso));
  expect(await page.evaluate(() => window.ready)).toHaveProperty('accessToken');
}

function silently(page: Page, extra: object = {}): Promise<string> {
  return page.evaluate(
    async (more) => (await window.app.acquireTokenSilent({ scopes: window.scopes, ...more })).accessToken,
    extra,
  );
}

function ssoSilentError(page: Page): Promise<string> {
  return page.evaluate(() =>
    window.app.ssoSilent({ scopes: window.scopes }).then(
      () => 'token',
      (error) => error.errorCode,
    ),
  );
}
