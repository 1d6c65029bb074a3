import type { TurnLike, Reference } from './framework.ts';
import { eventNames } from './framework.ts';
import type { ActivityLike } from './activity.ts';
import type { Log } from './log.ts';
import type { BotSide, ConsultantLine, HandoffStatus } from './receiver.ts';
import { notesOf } from './turn-state.ts';
import type { TurnNotes } from './turn-state.ts';

export interface SideOptions {
  /**
   * What the user reads of a consultant's line. By default the name goes before the text on channels that show all lines as the bot's;
   * web chat reads it from `channelData.parley.name`.
   */
  readonly present?: (line: { readonly name: string; readonly text: string; readonly channel: string }) => string;
}

/** A way of running the bot's turn in a conversation without an activity of the user. */
export type Continue<Context> = (reference: Reference, logic: (context: Context) => Promise<void>) => Promise<void>;

/** Channels of our own web page, which understands `channelData.parley` and {@link eventNames.status}. */
const webChannels = new Set(['directline', 'webchat']);

/** The way from the desk to the user through a bot framework. */
export function createBotSide<Context extends TurnLike>(parts: {
  proceed: Continue<Context>;
  logic: (context: Context) => Promise<void>;
  send: (context: Context, activity: ActivityLike) => Promise<unknown>;
  options: SideOptions;
  log: Log;
}): BotSide<Reference> {
  const present =
    parts.options.present ?? (({ name, text, channel }) => (webChannels.has(channel) ? text : `${name}: ${text}`));

  /**
   * Runs a turn of the SDK's own. Rejects when the channel did not take a line; an error of the bot itself is its own affair,
   * for the desk repeating the call would not put it right.
   */
  async function run(reference: Reference, prepare: (context: Context) => void): Promise<void> {
    let notes: TurnNotes | undefined;
    let botError: unknown;
    try {
      await parts.proceed(reference, async (context) => {
        notes = notesOf(context.turnState);
        notes.own = true;
        prepare(context);
        try {
          await parts.logic(context);
        } catch (error) {
          botError = error;
          throw error;
        }
      });
    } catch (error) {
      if (botError === undefined) throw error;
      parts.log('error', 'The bot failed in a turn about a handoff', { error: (botError as Error).message });
    }
    if (notes?.channelError !== undefined) throw notes.channelError;
  }

  /** Sends past the bot: what the desk says is neither recorded nor held back. */
  function post(reference: Reference, activity: ActivityLike): Promise<void> {
    let failure: unknown;
    return parts
      .proceed(reference, async (context) => {
        const notes = notesOf(context.turnState);
        notes.own = true;
        notes.relay = true;
        try {
          await parts.send(context, activity);
        } catch (error) {
          failure = error;
        }
      })
      .then(() => {
        if (failure !== undefined) throw failure;
      });
  }

  return {
    show(reference, line) {
      const channel = reference.channelId;
      return post(reference, {
        type: 'message',
        ...({ textFormat: 'plain' } as object),
        text: present({ name: line.from.name, text: line.text, channel }),
        channelData: { parley: { seq: line.seq, id: line.id, name: line.from.name } },
        ...(line.attachments && { attachments: line.attachments.map(channelAttachment) }),
      });
    },

    async status(reference, status, progress) {
      if (webChannels.has(reference.channelId) && progress.shown === 0 && status.seq > 0) {
        await post(reference, { type: 'event', name: eventNames.status, value: publicStatus(status) });
      }
      await run(reference, (context) => {
        const notes = notesOf(context.turnState);
        if (status.seq > 0) notes.announces = status.seq;
        notes.progress = progress;
        notes.skip = progress.shown;
        Object.assign(context.activity, statusEvent(status));
      });
    },

    typing: (reference) => post(reference, { type: 'typing' }),

    notice: (reference, text) => post(reference, { type: 'message', text, channelData: { parley: { notice: true } } }),

    resume: (reference, turn) =>
      run(reference, (context) => {
        Object.assign(context.activity, { type: 'message', id: turn.id, text: turn.text });
        delete context.activity.name;
      }),
  };
}

/** What `EventFactory.createHandoffStatus` makes, with what the desk knows as its message. */
function statusEvent(status: HandoffStatus): ActivityLike {
  const { state, consultant, packet, returned, reason, queue, seq } = status;
  const message = {
    ...(seq > 0 && { seq }),
    ...(consultant && { consultant }),
    ...(queue !== undefined && { queue }),
    ...(reason !== undefined && { reason }),
    ...(packet && { packet }),
    ...(returned !== undefined && { returned }),
  };
  return { type: 'event', name: eventNames.handoffStatus, id: status.id, value: { state, message } };
}

/** What the user's own page may know: not the consultant's comment to the bot. */
function publicStatus(status: HandoffStatus): object {
  const { state, consultant, queue, returned, seq } = status;
  return {
    seq,
    state,
    ...(consultant && { consultant }),
    ...(queue !== undefined && { queue }),
    ...(returned !== undefined && { returned }),
  };
}

function channelAttachment(attachment: NonNullable<ConsultantLine['attachments']>[number]): object {
  const { url, content, ...rest } = attachment;
  return {
    ...rest,
    ...(url !== undefined && { contentUrl: url }),
    ...(content !== undefined && { content: parse(content) }),
  };
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
}
