import type { Host } from '@parley/core';

/** Why and since when a bot is taken for down. */
export type Down = { since: number; reason: string };

export type Circuits = {
  /** Asked right before a call: `go`, or how long to wait before asking again. */
  pass(bot: string, conversation: string): 'go' | { waitMs: number };
  /** The bot answered, whatever it said about this call. */
  succeeded(bot: string, conversation: string): void;
  /** The bot could not be reached, did not answer in time, or says itself that it cannot serve (5xx, 429). */
  failed(bot: string, conversation: string, reason: string): void;
  /** undefined where it can be reached, as far as is known here. */
  state(bot: string): Down | undefined;
  /** Bots that are down, by id. */
  down(): ReadonlyMap<string, Down>;
  close(): void;
};

/**
 * One circuit per bot. Failures in a row open it, in whichever conversations they happen. While it is open one call at a
 * time is let through as a probe, with growing pauses; everybody else waits and uses up no tries of their own. It closes
 * after several successes in a row, or one and quiet, so that a bot that comes and goes does not flap on every screen.
 *
 * Where all the failures were of one conversation, another one need not wait for the pause: perhaps only that one is ill.
 *
 * @param now the desk's time, for display
 * @param changed opened, closed, or open for another reason
 * @param probe somebody who has something to say to the bot is to ask now; false where nobody has, and then nothing is
 *   known of the bot either
 */
export function createCircuits({
  host,
  now,
  changed,
  probe,
}: {
  host: Pick<Host, 'steady' | 'random' | 'after'>;
  now: () => number;
  changed: (bot: string, down: Down | undefined) => void;
  probe: (bot: string) => boolean;
}): Circuits {
  const circuits = new Map<string, Circuit>();

  return {
    pass(bot, conversation) {
      const circuit = circuits.get(bot);
      if (!circuit?.open) return 'go';
      const { open } = circuit;
      const steady = host.steady();
      if (open.probe && steady < open.probe.until) return waitFor(Math.min(probeMs, open.pause));
      const other = circuit.failing.size === 1 && !circuit.failing.has(conversation);
      if (steady < open.nextAt && !other) return waitFor(open.nextAt - steady);
      open.probe = { conversation, until: steady + probeMs };
      // Should it never come back, somebody else asks.
      askAfter(bot, open, probeMs);
      return 'go';
    },

    succeeded(bot, conversation) {
      const circuit = circuits.get(bot);
      if (!circuit) return;
      const { open } = circuit;
      if (!open) {
        circuits.delete(bot);
        return;
      }
      if (open.probe?.conversation === conversation) delete open.probe;
      open.successes += 1;
      open.nextAt = host.steady();
      if (open.successes >= successesToClose) return close(bot, open);
      open.quiet ??= host.after(quietMs, () => close(bot, open));
      askAfter(bot, open, 0);
    },

    failed(bot, conversation, reason) {
      const circuit = circuits.get(bot) ?? { failures: 0, failing: new Set(), open: undefined };
      circuits.set(bot, circuit);
      circuit.failing.add(conversation);
      const { open } = circuit;
      if (!open) {
        circuit.failures += 1;
        if (circuit.failures < failuresToOpen) return;
        const down = { since: now(), reason };
        circuit.open = { down, pause: firstPauseMs, nextAt: 0, successes: 0, quiet: undefined, asking: undefined };
        pauseFor(bot, circuit.open);
        changed(bot, down);
        return;
      }
      // Calls that were under way when it opened fail late: that is no news, and lengthens nothing.
      if (open.probe?.conversation === conversation) {
        delete open.probe;
        open.pause = Math.min(open.pause * 2, longestPauseMs);
        pauseFor(bot, open);
      }
      open.successes = 0;
      open.quiet?.();
      open.quiet = undefined;
      if (open.down.reason === reason) return;
      open.down = { ...open.down, reason };
      changed(bot, open.down);
    },

    state: (bot) => circuits.get(bot)?.open?.down,

    down: () => new Map([...circuits].flatMap(([bot, { open }]) => (open ? [[bot, open.down] as const] : []))),

    close() {
      for (const { open } of circuits.values()) {
        open?.quiet?.();
        open?.asking?.();
      }
      circuits.clear();
    },
  };

  function close(bot: string, open: Open): void {
    if (circuits.get(bot)?.open !== open) return;
    open.quiet?.();
    open.asking?.();
    circuits.delete(bot);
    changed(bot, undefined);
  }

  function pauseFor(bot: string, open: Open): void {
    const ms = open.pause * (0.8 + host.random() * 0.4);
    open.nextAt = host.steady() + ms;
    askAfter(bot, open, ms);
  }

  function askAfter(bot: string, open: Open, ms: number): void {
    open.asking?.();
    open.asking = host.after(ms, () => {
      open.asking = undefined;
      if (open.probe && host.steady() < open.probe.until) return;
      if (!probe(bot)) close(bot, open);
    });
  }

  function waitFor(ms: number): { waitMs: number } {
    // Those who wait do not all ask again at once.
    return { waitMs: Math.ceil(Math.max(ms, 100) * (1 + host.random() * 0.5)) };
  }
}

const failuresToOpen = 5;
const successesToClose = 2;
const firstPauseMs = 1_000;
const longestPauseMs = 30_000;
/** Longer than a callback may take: a probe that never came back is given up. */
const probeMs = 30_000;
/** After one success and no failure for this long the bot is taken for well. */
const quietMs = 15_000;

type Circuit = { failures: number; failing: Set<string>; open: Open | undefined };
type Open = {
  down: Down;
  pause: number;
  nextAt: number;
  probe?: { conversation: string; until: number };
  successes: number;
  quiet: (() => void) | undefined;
  asking: (() => void) | undefined;
};
