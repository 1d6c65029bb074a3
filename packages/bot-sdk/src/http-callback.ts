import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Parley } from './parley.ts';
import type { BotSide } from './receiver.ts';
import { bodyLimit } from './receiver.ts';

/** A request of Node's `http`, or of Express or Restify, which keep what they have read in `body` or `rawBody`. */
export type CallbackRequest = IncomingMessage & { readonly body?: unknown; readonly rawBody?: unknown };

/**
 * Answers the desk's callbacks on any server built on Node's `http`. Put it before what parses JSON: the signature covers the raw bytes.
 * @param side default: the one attached to `parley`.
 */
export function callbackHandler<Reference>(parley: Parley<Reference>, side?: BotSide<Reference>) {
  return async (request: CallbackRequest, response: ServerResponse): Promise<void> => {
    const body = await rawBodyOf(request);
    const received =
      body === undefined
        ? { status: 413, body: { code: 'payload-too-large' } }
        : await parley.receive(request.headers, body, side);
    response.statusCode = received.status;
    response.setHeader('content-type', 'application/json');
    response.setHeader('cache-control', 'no-store');
    response.end(JSON.stringify(received.body));
  };
}

/** @returns undefined when the body is too large. */
async function rawBodyOf(request: CallbackRequest): Promise<Uint8Array | string | undefined> {
  for (const given of [request.rawBody, request.body]) {
    if (typeof given === 'string' || given instanceof Uint8Array) return given;
  }
  if (request.readableEnded) {
    throw new Error(
      'Parley: the body of the callback is parsed already, so its signature cannot be checked. Put the handler before the JSON parser, or keep the raw bytes in request.rawBody.',
    );
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
