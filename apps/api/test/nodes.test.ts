import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '@parley/core';
import { memoryStores, sqliteStores } from '@parley/stores';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Nodes, type System } from '../src/nodes.ts';
import { VirtualTime } from './virtual-host.ts';

const kinds: Record<string, () => Promise<() => Promise<Store>>> = {
  async memory() {
    const stores = memoryStores();
    return () => stores.open('contoso');
  },
  async sqlite() {
    const directory = await mkdtemp(join(tmpdir(), 'parley-nodes-'));
    const key = randomBytes(32);
    const opened: ReturnType<typeof sqliteStores>[] = [];
    onTestFinished(async () => {
      for (const stores of opened) await stores.close();
      await rm(directory, { recursive: true });
    });
    // As two processes have it: each opens the files on its own.
    return () => {
      const stores = sqliteStores({ directory, keys: { key: async () => key } });
      opened.push(stores);
      return stores.open('contoso');
    };
  },
};

for (const [kind, make] of Object.entries(kinds))
  describe(`processes on one store, ${kind}`, () => {
    async function world() {
      const open = await make();
      const time = new VirtualTime();
      const start = async (id: string, over: { skew?: number; people?: string[]; system?: System } = {}) => {
        const host = time.host(over.skew);
        const heard: string[] = [];
        const nodes = await Nodes.open({
          store: await open(),
          host,
          id,
          connected: () => over.people ?? [],
          down: () => new Map(),
          failed: (error) => {
            throw error;
          },
          system: over.system,
        });
        nodes.onDead((dead) => heard.push(`dead ${dead}`));
        nodes.onGone((gone) => heard.push(`gone ${gone}`));
        return { nodes, host, heard };
      };
      return { time, start };
    }

    test('D11 a process is dead after 20 s of the observer’s own time, whatever the wall clocks say', async () => {
      const { time, start } = await world();
      const a = await start('a', { skew: 86_400_000 });
      const b = await start('b', { skew: -86_400_000 });
      await time.pass(60_000);
      expect([a.nodes.alive('b'), b.nodes.alive('a')]).toEqual([true, true]);
      b.host.asleep = true;
      await time.pass(19_000);
      expect(a.nodes.alive('b')).toBe(true);
      expect(a.nodes.gone('b')).toBe(false);
      await time.pass(8_000);
      expect(a.nodes.alive('b')).toBe(false);
      // What it began may still be under way.
      expect(a.heard).toEqual(['dead b']);
      expect(a.nodes.gone('b')).toBe(false);
      await time.pass(15_000);
      expect(a.heard).toEqual(['dead b', 'gone b']);
      expect(a.nodes.gone('b')).toBe(true);
    });

    test('D11 a process that slept counts none of it against the others, and knows that it slept', async () => {
      const { time, start } = await world();
      const a = await start('a');
      await start('b');
      await time.pass(20_000);
      const { lapses } = a.nodes;
      expect(a.nodes.sure()).toBe(true);
      a.host.asleep = true;
      await time.pass(3_600_000);
      expect(a.nodes.sure()).toBe(false);
      a.host.asleep = false;
      await time.pass(1);
      expect(a.nodes.sure()).toBe(true);
      expect(a.nodes.lapses).toBe(lapses + 1);
      expect(a.nodes.alive('b')).toBe(true);
      expect(a.heard).toEqual([]);
    });

    test('D11 who sleeps together wakes together', async () => {
      const { time, start } = await world();
      const [a, b] = [await start('a'), await start('b')];
      await time.pass(20_000);
      a.host.asleep = b.host.asleep = true;
      await time.pass(3_600_000);
      a.host.asleep = b.host.asleep = false;
      await time.pass(20_000);
      expect([a.heard, b.heard]).toEqual([[], []]);
    });

    test('D11 who leaves in order is gone at once, and who is back after a long sleep is alive again', async () => {
      const { time, start } = await world();
      const [a, b, c] = [await start('a'), await start('b'), await start('c')];
      await time.pass(6_000);
      await b.nodes.close();
      c.host.asleep = true;
      await time.pass(6_000);
      expect(a.heard).toEqual(['dead b', 'gone b']);
      await time.pass(60_000);
      expect(a.nodes.gone('c')).toBe(true);
      c.host.asleep = false;
      await time.pass(6_000);
      expect(a.nodes.alive('c')).toBe(true);
    });

    test('D11 a process that has ended on this machine is gone at once', async () => {
      const { time, start } = await world();
      const running = new Set([1, 2]);
      const system = (pid: number, mark: string, place = 'here'): System => ({
        born: { place, pid, mark },
        runs: (other) => running.has(other),
      });
      await start('a', { system: system(1, 'first') });
      const far = await start('c', { system: system(9, 'third', 'elsewhere') });
      running.delete(1);
      const b = await start('b', { system: system(2, 'second') });
      expect(b.nodes.gone('a')).toBe(true);
      // Of another machine the same number says nothing.
      expect(b.nodes.alive('c')).toBe(true);
      expect(far.nodes.gone('a')).toBe(false);
      // As the only process of a container that was started again.
      const again = await start('d', { system: system(2, 'fourth') });
      expect(again.nodes.gone('b')).toBe(true);
      await time.pass(1);
    });

    test('people are those connected to any process that is alive', async () => {
      const { time, start } = await world();
      const [a, b] = [await start('a', { people: ['ana'] }), await start('b', { people: ['lukas', 'ana'] })];
      await time.pass(6_000);
      expect(a.nodes.people()).toEqual(new Set(['ana', 'lukas']));
      expect([a.nodes.elsewhere('lukas'), b.nodes.elsewhere('ana'), b.nodes.elsewhere('lukas')]).toEqual([
        true,
        true,
        false,
      ]);
      b.host.asleep = true;
      await time.pass(30_000);
      expect(a.nodes.people()).toEqual(new Set(['ana']));
    });
  });
