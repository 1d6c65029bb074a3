import type { ApiProcess, Answer, Request } from './api-process.ts';
import type { Process } from './scheduler.ts';
import type { World } from './world.ts';

/** Chance that a request comes twice, the second time perhaps to another process and much later. */
export type RequestFaults = { double: number };

/**
 * Sends a request to one of the processes, as a balancer would.
 * @param settle called once with the answer, or with undefined where the connection broke
 */
export function ask(
  world: World,
  from: Process,
  nodes: readonly ApiProcess[],
  request: Request,
  settle: (answer: Answer | undefined) => void,
): void {
  const { net, chance, scheduler, truth } = world;
  const up = nodes.filter((node) => node.serving && node.alive);
  const node = up.length > 0 && chance.chance(0.97) ? chance.pick(up) : chance.pick(nodes);
  let over = false;
  const finish = (answer: Answer | undefined) => {
    if (over) return;
    over = true;
    node.asked.delete(broken);
    settle(answer);
  };
  const broken = () => finish(undefined);
  const refused: Answer = { status: 503, text: '{"code":"overloaded"}', retryAfter: null };
  const deliver = (to: ApiProcess, answer: (it: Answer) => void) => () => {
    if (!to.serving) return answer(refused);
    scheduler.note(() => `  ${to.name} is asked ${request.method} ${request.path} by ${from.name}`);
    void to.handle(request).then((it) => {
      truth.crossing(request.by.client, it.text, `an answer to ${request.path}`);
      answer(it);
    });
  };
  node.asked.add(broken);
  net.send({
    from,
    to: node,
    refused: broken,
    arrive: deliver(node, (it) => net.send({ from: node, to: from, arrive: () => finish(it), refused: broken })),
  });
  if (request.method === 'POST' && world.requestFaults.double > 0 && chance.chance(world.requestFaults.double)) {
    world.count('request doubled');
    const other = chance.pick(nodes);
    net.send({ from, to: other, arrive: deliver(other, () => undefined) }, scheduler.time + chance.below(4_000));
  }
}
