import type { DeskWorld } from './desk-world.ts';

/** What goes wrong in a simulation: each kind begins, and ends by itself or with the healing. */
export const faultKinds = [
  'kill',
  'power-cut',
  'pause',
  'rolling-restart',
  'screen-cut',
  'screen-hole',
  'bot-cut',
  'bot-hole',
  'bot-errors',
  'bot-away-for-hours',
  'store-cut',
  'store-failures',
  'pushes',
  'requests-twice',
  'callbacks-twice',
  'clock-step',
  'laptop-clock',
  'laptop-sleep',
  'reload',
  'swizzle',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Lets things go wrong until `world.until`; what is broken then is healed by `heal`. */
export function letFaultsHappen(world: DeskWorld): void {
  const { plan, scheduler } = world;
  const kinds = plan.shuffled(faultKinds).slice(0, plan.between(1, 6));
  const pace = plan.pick([400, 1_000, 2_500]);
  const next = () => {
    scheduler.plan(world.idle(plan.below(pace)), 'fault', () => {
      if (world.winding) return;
      const kind = plan.pick(kinds);
      scheduler.note(() => `  FAULT ${kind}`);
      world.count(`fault ${kind}`);
      faults[kind](world, plan.between(100, 5_000));
      next();
    });
  };
  next();
}

/** Some go home without a word, whatever they hold. */
export function letSomeLeave(world: DeskWorld): void {
  for (const screen of world.screens.slice()) {
    if (!world.plan.chance(0.12)) continue;
    world.count('screen left for good');
    screen.leave();
    world.screens.splice(world.screens.indexOf(screen), 1);
  }
}

/** All lines are whole, all processes run, and nothing fails any more. Clocks stay as they are. */
export function heal(world: DeskWorld): void {
  world.net.healAll();
  world.disk.failBefore = 0;
  world.disk.failAfter = 0;
  Object.assign(world.pushFaults, { drop: 0, double: 0, late: 0 });
  world.requestFaults.double = 0;
  world.callbackDouble = 0;
  world.scheduler.lateness = 0;
  for (const bot of world.bots) bot.faults = { before: 0, after: 0 };
  for (const node of world.nodes) if (!node.alive) world.startNode(node.name);
}

/** Timers are late by this much while hours go by. */
export const longMs = 400_000;

type Fault = (world: DeskWorld, ms: number) => void;

const faults: Record<FaultKind, Fault> = {
  kill: (world, ms) => {
    const node = world.plan.pick(world.nodes);
    world.kill(node);
    later(world, ms / 4, () => restart(world, node.name));
  },
  'power-cut': (world, ms) => {
    // A store in another house keeps its power.
    if (world.disk.remote) return;
    for (const node of world.nodes) world.kill(node);
    world.disk.powerCut();
    later(world, ms / 4, () => {
      for (const node of world.nodes) restart(world, node.name);
    });
  },
  pause: (world, ms) => {
    const node = world.plan.pick(world.nodes);
    node.pausedUntil = world.scheduler.time + ms * world.plan.pick([0.2, 1, 4]);
    world.disturb([node], node.pausedUntil);
  },
  'rolling-restart': (world) => {
    for (const [i, { name }] of world.nodes.entries()) {
      later(world, 400 * i, () => {
        const node = world.nodes.find((one) => one.name === name);
        if (node) world.kill(node);
        later(world, 100, () => restart(world, name));
      });
    }
  },
  'screen-cut': (world, ms) => breakLines(world, screensOf(world), namesOf(world.nodes), 'cut', ms),
  'screen-hole': (world, ms) => breakLines(world, screensOf(world), namesOf(world.nodes), 'hole', ms),
  'bot-cut': (world, ms) => breakLines(world, [world.plan.pick(world.bots).name], namesOf(world.nodes), 'cut', ms),
  'bot-hole': (world, ms) => breakLines(world, [world.plan.pick(world.bots).name], namesOf(world.nodes), 'hole', ms),
  'bot-errors': (world, ms) => {
    const bot = world.plan.pick(world.bots);
    bot.faults = { before: world.plan.pick([0, 0.3, 1]), after: world.plan.pick([0.2, 0.5]) };
    later(world, ms, () => (bot.faults = { before: 0, after: 0 }));
  },
  'bot-away-for-hours': (world) => {
    if (world.scheduler.lateness > 0 || !world.plan.chance(0.04)) return;
    world.count('hours went by');
    const { name } = world.plan.pick(world.bots);
    world.scheduler.lateness = longMs;
    world.disturb(world.nodes, Infinity);
    const ms = world.plan.between(1, 4) * 3_600_000;
    world.until += ms;
    breakLines(world, [name], namesOf(world.nodes), 'cut', ms);
    later(world, ms, () => (world.scheduler.lateness = 0));
  },
  'store-cut': (world, ms) => {
    const { name: node } = world.plan.pick(world.nodes);
    world.disturb(
      world.nodes.filter(({ name }) => name === node),
      world.scheduler.time + ms,
    );
    world.net.set(node, 'store', 'cut');
    if (world.plan.chance(0.5)) world.net.set('store', node, 'cut');
    later(world, ms / 2, () => {
      world.net.set(node, 'store', 'up');
      world.net.set('store', node, 'up');
    });
  },
  'store-failures': (world, ms) => {
    world.disturb(world.nodes, world.scheduler.time + ms);
    world.disk.failBefore = world.plan.pick([0, 0.05, 0.3]);
    world.disk.failAfter = world.plan.pick([0.05, 0.3]);
    later(world, ms, () => Object.assign(world.disk, { failBefore: 0, failAfter: 0 }));
  },
  pushes: (world, ms) => {
    const { plan } = world;
    Object.assign(world.pushFaults, {
      drop: plan.pick([0.1, 0.5, 1]),
      double: plan.pick([0, 0.3]),
      late: plan.pick([0, 0.3]),
    });
    later(world, ms, () => Object.assign(world.pushFaults, { drop: 0, double: 0, late: 0 }));
  },
  'requests-twice': (world, ms) => {
    world.requestFaults.double = 0.3;
    later(world, ms, () => (world.requestFaults.double = 0));
  },
  'callbacks-twice': (world, ms) => {
    world.callbackDouble = 0.4;
    later(world, ms, () => (world.callbackDouble = 0));
  },
  'clock-step': (world) => {
    const day = 86_400_000;
    world.stepClock(world.plan.pick(world.nodes), world.plan.pick([-day, day, -3_000, 3_000]));
  },
  'laptop-clock': (world) => {
    const screen = world.plan.pick(world.screens);
    const ms = world.plan.pick([-3_600_000, 3_600_000]);
    screen.step(ms);
  },
  'laptop-sleep': (world, ms) => world.plan.pick(world.screens).sleep(ms * 2),
  reload: (world) => world.plan.pick(world.screens).reload(),
  swizzle: (world, ms) => {
    const { plan } = world;
    const ends = plan.shuffled([...screensOf(world), ...world.bots.map(({ name }) => name)]).slice(0, 3);
    const nodes = namesOf(world.nodes);
    for (const [i, end] of ends.entries()) later(world, (i * ms) / 6, () => setLines(world, [end], nodes, 'clogged'));
    for (const [i, end] of plan.shuffled(ends).entries())
      later(world, ms / 2 + (i * ms) / 6, () => setLines(world, [end], nodes, 'up'));
  },
};

function restart(world: DeskWorld, name: string): void {
  const node = world.nodes.find((one) => one.name === name);
  if (node && !node.alive) world.startNode(name);
}

function later(world: DeskWorld, ms: number, run: () => void): void {
  world.scheduler.plan(ms, 'fault', () => {
    if (!world.winding) run();
  });
}

function breakLines(world: DeskWorld, ends: string[], nodes: string[], state: 'cut' | 'hole', ms: number): void {
  const some = world.plan.chance(0.5) ? nodes : [world.plan.pick(nodes)];
  setLines(world, ends, some, state);
  // A line that is cut takes the connections over it along; a hole leaves both ends in the belief that they have one.
  if (state === 'cut')
    for (const node of world.nodes)
      for (const wire of node.hub.wires)
        if (some.includes(node.name) && ends.includes(wire.screen.name)) {
          world.scheduler.plan(1, 'net', () => wire.dropped(), wire.screen);
          world.scheduler.plan(1, 'net', () => node.hub.hangUp(wire), node);
        }
  later(world, ms, () => setLines(world, ends, some, 'up'));
}

function setLines(world: DeskWorld, ends: string[], nodes: string[], state: 'up' | 'cut' | 'hole' | 'clogged'): void {
  const oneWay = state === 'hole' && world.plan.chance(0.4) ? world.plan.pick(['in', 'out']) : 'both';
  for (const end of ends)
    for (const node of nodes) {
      if (oneWay !== 'in') world.net.set(end, node, state);
      if (oneWay !== 'out') world.net.set(node, end, state);
    }
}

/** One screen, or all of them at once. */
function screensOf(world: DeskWorld): string[] {
  return world.plan.chance(0.7) ? [world.plan.pick(world.screens).name] : world.screens.map(({ name }) => name);
}

function namesOf(list: readonly { name: string }[]): string[] {
  return list.map(({ name }) => name);
}
