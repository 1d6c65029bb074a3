import { inkOn } from './options.ts';
import type { LoaderOptions } from './options.ts';

/** Widths up to this many pixels are phones: there the panel takes the whole screen. */
export const phone = '(max-width:480px),(max-height:480px)';

/** The style of the launcher and the panel. It stays inside the shadow root, so neither page can disturb the other. */
export function styleOf({ color, position, theme }: LoaderOptions): string {
  const dark = '--paper:#1f2227;--ink:#e8eaed;--edge:#3a3f47';
  const auto = theme === 'auto' ? `@media(prefers-color-scheme:dark){:host{${dark}}}` : '';
  return `
:host{all:initial;--paper:#fff;--ink:#1b1f24;--edge:#d5dae0;${theme === 'dark' ? dark : ''}}
${auto}
*{box-sizing:border-box;font:400 15px/1.4 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
.launcher{position:fixed;bottom:20px;${position}:20px;z-index:2147483000;width:60px;height:60px;border:0;border-radius:50%;
background:${color};color:${inkOn(color)};cursor:pointer;box-shadow:0 4px 16px rgb(0 0 0/.28);display:grid;place-items:center;padding:0;
transition:transform .15s,box-shadow .15s}
.launcher:hover{transform:translateY(-2px);box-shadow:0 8px 24px rgb(0 0 0/.32)}
button:focus-visible{outline:3px solid ${inkOn(color)};box-shadow:0 0 0 6px ${color}}
svg{width:28px;height:28px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.launcher[aria-expanded=false] svg+svg,.launcher[aria-expanded=true] svg:first-child{display:none}
.badge{position:absolute;top:-4px;right:-4px;min-width:24px;height:24px;border-radius:12px;border:2px solid var(--paper);background:#c4271b;color:#fff;
font-size:12px;font-weight:700;line-height:20px;padding:0 5px;text-align:center}
.panel{position:fixed;bottom:96px;${position}:20px;z-index:2147483001;width:384px;height:640px;max-width:calc(100vw - 40px);max-height:calc(100dvh - 116px);
background:var(--paper);color:var(--ink);border:1px solid var(--edge);border-radius:14px;overflow:hidden;box-shadow:0 16px 48px rgb(0 0 0/.28);
opacity:0;visibility:hidden;transform:translateY(12px);transition:opacity .18s,transform .18s,visibility 0s .18s}
.panel.open{opacity:1;visibility:visible;transform:none;transition:opacity .18s,transform .18s}
iframe{position:absolute;inset:0;width:100%;height:100%;border:0;color-scheme:normal;visibility:hidden}
.ready iframe{visibility:inherit}
.wait{height:100%;display:flex;flex-direction:column;align-items:center;justify-content:center;gap:16px;padding:24px;text-align:center}
.ready .wait{display:none}
.wait p{margin:0}
.wait button{border:1px solid var(--edge);border-radius:8px;background:none;color:inherit;padding:8px 16px;cursor:pointer}
.ring{width:32px;height:32px;border-radius:50%;border:3px solid var(--edge);border-top-color:${color};animation:turn 1s linear infinite}
[hidden]{display:none!important}
.said{position:fixed;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@keyframes turn{to{transform:rotate(1turn)}}
@media ${phone}{.panel{inset:0;width:100%;height:100dvh;max-width:none;max-height:none;border:0;border-radius:0}}
@media(prefers-reduced-motion:reduce){*{transition:none!important;animation-duration:4s!important}}
@media(forced-colors:active){.launcher,.badge,.panel{border:2px solid ButtonText}}`;
}
