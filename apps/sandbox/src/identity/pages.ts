import { createHash } from 'node:crypto';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Person, Tenant } from '../seed.ts';

/** Kept above its users: the headers below are computed from it once. */
const style = `
:root { color-scheme: light dark; --ink: #1b1a19; --soft: #5c5a58; --page: #f3f2f1; --card: #fff; --line: #d2d0ce; --accent: #0f6cbd; --hover: #ebf3fc; }
@media (prefers-color-scheme: dark) { :root { --ink: #fff; --soft: #c8c6c4; --page: #1b1a19; --card: #292827; --line: #605e5c; --accent: #62abf5; --hover: #3b3a39; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--page); color: var(--ink); font: 1rem/1.4 "Segoe UI", system-ui, sans-serif; }
main { width: 100%; max-width: 27rem; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
main.wide { max-width: 60rem; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; font-weight: 600; }
.tenant { margin: 0 0 .5rem; color: var(--soft); font-weight: 600; }
ul { list-style: none; margin: 0 0 1rem; padding: 0; display: grid; gap: .5rem; }
button { font: inherit; color: inherit; cursor: pointer; background: transparent; border: 1px solid var(--line); border-radius: .375rem; padding: .625rem .75rem; }
button:hover { background: var(--hover); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
li button { width: 100%; display: flex; align-items: center; gap: .75rem; text-align: start; }
.initials { flex: none; width: 2.5rem; height: 2.5rem; display: grid; place-items: center; border-radius: 50%; border: 1px solid var(--line); font-weight: 600; }
.who { flex: 1; min-width: 0; display: grid; overflow-wrap: anywhere; }
.who span, .role, .note { color: var(--soft); font-size: .875rem; }
.role { text-align: end; }
.note { margin: 1rem 0 0; }
a { color: var(--accent); }
table { width: 100%; border-collapse: collapse; } th, td { padding: .5rem; border-bottom: 1px solid var(--line); text-align: start; vertical-align: top; }
`;

/** The page on which a visitor chooses who to be. No script: it is a list of buttons in a form. */
export function accountPage(
  tenant: Tenant,
  { hint, current }: { hint?: Person | undefined; current?: Person | undefined },
): string {
  const first = hint ?? current ?? tenant.people[0];
  const rows = tenant.people.map((person) => accountRow(person, person === first, person === current)).join('');
  return page(
    `Sign in – ${tenant.name}`,
    `<p class="tenant">${escape(tenant.name)}</p>
    <h1>Choose an account</h1>
    <form method="post">
      <ul>${rows}</ul>
      <button class="plain" name="cancel" value="yes">Cancel and go back</button>
    </form>
    <p class="note">Sandbox sign-in: nobody has a password here.</p>`,
  );
}

/** Says what went wrong where there is nowhere safe to send the browser. */
export function messagePage(title: string, heading: string, text: string): string {
  return page(title, `<h1>${escape(heading)}</h1><p>${escape(text)}</p>`);
}

/** The way in for a developer who opens the sandbox's address. */
export function homePage(tenants: readonly Tenant[]): string {
  const rows = tenants.map(
    (tenant) =>
      `<tr><th scope="row">${escape(tenant.name)}</th><td><a href="/${tenant.tid}/v2.0/.well-known/openid-configuration"><code>${tenant.tid}</code></a></td><td>${tenant.people.map((person) => escape(`${person.name} (${person.role})`)).join('<br>')}</td></tr>`,
  );
  return page(
    'Parley sandbox',
    `<h1>Parley sandbox</h1>
    <p>Sign-in and channels without a cloud. Start at the desk's console; it comes here to sign in.</p>
    <table><thead><tr><th scope="col">Organisation</th><th scope="col">Tenant id</th><th scope="col">People</th></tr></thead><tbody>${rows.join('')}</tbody></table>`,
    'wide',
  );
}

/** Headers for every page: no script, no framing, nothing from elsewhere. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': contentSecurityPolicy(),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Signs out without asking again, as Entra does once it knows the account. */
export function signOutPage(ctx: KoaContextWithOIDC, form: string): void {
  ctx.set({ ...pageHeaders, 'content-security-policy': contentSecurityPolicy(submitScript) });
  ctx.body = page(
    'Signing out',
    `<h1>Signing out</h1>${form}
    <button form="op.logoutForm" name="logout" value="yes">Sign out</button>
    <script>${submitScript}</script>`,
  );
}

export function signedOutPage(ctx: KoaContextWithOIDC, tenant: Tenant): void {
  ctx.set(pageHeaders);
  ctx.body = messagePage(`Signed out – ${tenant.name}`, 'You signed out', 'You may close this window.');
}

export function errorPage(
  ctx: KoaContextWithOIDC,
  tenant: Tenant,
  out: { error: string; error_description?: string | undefined },
): void {
  ctx.set(pageHeaders);
  ctx.body = messagePage(
    `Sign-in failed – ${tenant.name}`,
    'Sign-in failed',
    `${out.error}: ${out.error_description ?? 'no further detail'}`,
  );
}

const submitScript = `document.querySelector('button').click()`;

function accountRow(person: Person, first: boolean, current: boolean): string {
  const initials = person.name
    .split(' ')
    .map((word) => word[0])
    .join('');
  return `<li><button name="oid" value="${escape(person.oid)}"${first ? ' autofocus' : ''}>
    <span class="initials" aria-hidden="true">${escape(initials)}</span>
    <span class="who"><strong>${escape(person.name)}</strong><span>${escape(person.email)}</span></span>
    <span class="role">${escape(person.role)}${current ? '<br>signed in' : ''}</span>
  </button></li>`;
}

function page(title: string, body: string, width: 'narrow' | 'wide' = 'narrow'): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,"><title>${escape(title)}</title><style>${style}</style></head>
<body><main class="${width}">${body}</main></body>
</html>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function contentSecurityPolicy(script?: string): string {
  const allowed = script ? sourceHash(script) : `'none'`;
  return `default-src 'none'; style-src ${sourceHash(style)}; script-src ${allowed}; img-src data:; base-uri 'none'; frame-ancestors 'none'`;
}

function sourceHash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
