import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildWidget } from './build.ts';

/** Bytes. Every page of every site carries the loader, whether or not anybody chats. */
const limit = 6 * 1024;
let widget: Awaited<ReturnType<typeof buildWidget>>;
let loader: string;

beforeAll(async () => {
  widget = await buildWidget();
  loader = await readFile(join(widget.directory, 'parley.js'), 'utf8');
}, 120_000);
afterAll(() => widget.remove());

test('the loader weighs less than 6 KB compressed', () => {
  expect(gzipSync(loader, { level: 9 }).length).toBeLessThan(limit);
});

test('the loader is one old-style script: it imports nothing and leaves nothing behind but window.Parley', () => {
  expect(loader).not.toMatch(/\bimport\b|\bexport\b|\beval\(|new Function/);
  expect(loader).toMatch(/^\(function\(\)\{|^\(\(\)=>\{|^\(function/);
});

test('the chat page holds no script and no style of its own, so that a strict policy passes it', async () => {
  const html = await readFile(join(widget.directory, 'chat.html'), 'utf8');
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|style=/);
  expect([...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url)).toSatisfy((urls: string[]) =>
    urls.every((url) => url.startsWith('./')),
  );
});
