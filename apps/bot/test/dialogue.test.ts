import { describe, expect, test } from 'vitest';
import { demonstrationBank } from '../src/bank.ts';
import { answer, newDialogue, packetOf } from '../src/dialogue.ts';
import type { Answer, Dialogue } from '../src/dialogue.ts';
import { intentOf } from '../src/intents.ts';
import { linesAbout } from '../src/status-lines.ts';

const caller = { id: 'dl_user', name: 'Dana' };

/** A customer who says one line after the other. */
function talk() {
  const bank = demonstrationBank();
  let dialogue: Dialogue = newDialogue();
  return {
    bank,
    says(text: string): Answer {
      const reply = answer(dialogue, text, { caller, bank, bankName: 'Contoso Bank', at: 1_000 });
      dialogue = reply.dialogue;
      return reply;
    },
  };
}

describe('the assistant understands', () => {
  test.each([
    ['I want to talk to a person', 'person'],
    ['Can I speak with an agent please?', 'person'],
    ['Ich möchte mit einem Menschen sprechen', 'person'],
    ['get me a human', 'person'],
    ['I lost my card', 'lost-card'],
    ['my credit card was stolen yesterday', 'lost-card'],
    ['please block my debit card', 'lost-card'],
    ['Ich habe meine Karte verloren', 'lost-card'],
    ['there is a payment I do not recognise', 'fraud'],
    ['I didn’t make this payment', 'fraud'],
    ["I don't recognise this charge", 'fraud'],
    ['What is my balance?', 'balance'],
    ['Wie ist mein Kontostand?', 'balance'],
    ['how much can I transfer', 'limits'],
    ['When do you open?', 'hours'],
    ['Wie sind die Öffnungszeiten?', 'hours'],
    ['help', 'help'],
    ['Ja, bitte', 'yes'],
    ['no thanks', 'no'],
    ['Thank you!', 'thanks'],
    ['how are you', 'small-talk'],
    ['Guten Tag', 'greeting'],
    ['purple monkey dishwasher', undefined],
    ['the humanities', undefined],
  ])('%j as %s', (text, intent) => {
    expect(intentOf(text)).toBe(intent);
  });
});

describe('a lost card', () => {
  test('is blocked only after a yes, and a person is offered', () => {
    const customer = talk();
    expect(customer.says('I lost my card').lines[0]).toMatch(/Shall I block your card ending in \d{4} now/);
    expect(customer.bank.accountOf(caller.id).cardBlocked).toBe(false);
    const done = customer.says('yes please');
    expect(customer.bank.accountOf(caller.id).cardBlocked).toBe(true);
    expect(done.lines.join(' ')).toMatch(/is blocked, reference BLK-/);
    const escalation = customer.says('yes');
    expect(escalation.escalate).toBe('The customer accepted the offer to talk to a person');
    expect(escalation.dialogue.matter).toBe('cards');
  });

  test('is blocked by a yes that says it again', () => {
    const customer = talk();
    customer.says('I lost my card');
    customer.says('Yes, block my card please');
    expect(customer.bank.accountOf(caller.id).cardBlocked).toBe(true);
  });

  test('stays as it is after a no, and a yes later does not block it', () => {
    const customer = talk();
    customer.says('I lost my card');
    customer.says('no');
    customer.says('no');
    customer.says('yes');
    expect(customer.bank.accountOf(caller.id).cardBlocked).toBe(false);
  });

  test('another question in between withdraws the offer to block', () => {
    const customer = talk();
    customer.says('I lost my card');
    customer.says('what is my balance?');
    customer.says('yes');
    expect(customer.bank.accountOf(caller.id).cardBlocked).toBe(false);
  });
});

describe('a person is called', () => {
  test('when the customer asks', () => {
    expect(talk().says('I want to talk to a person').escalate).toBe('The customer asked for a person');
  });

  test('after two misunderstandings in a row, and not after two with an understanding in between', () => {
    const customer = talk();
    expect(customer.says('blah').escalate).toBeUndefined();
    expect(customer.says('what is my balance?').escalate).toBeUndefined();
    expect(customer.says('blah').escalate).toBeUndefined();
    expect(customer.says('blub').escalate).toBe('The assistant did not understand the customer twice');
  });

  test('at once when fraud is suspected, for payments', () => {
    const reply = talk().says('this transaction is unauthorised');
    expect(reply.escalate).toMatch(/did not make/);
    expect(reply.dialogue.matter).toBe('payments');
  });

  test('with everything the assistant knows', () => {
    const customer = talk();
    customer.says('I lost my card');
    customer.says('yes');
    const { dialogue, escalate } = customer.says('I need a new card from a real person');
    const { card } = customer.bank.accountOf(caller.id);
    expect(packetOf(dialogue, escalate!, caller)).toEqual({
      reason: 'The customer asked for a person',
      summary: expect.stringMatching(/^Dana is here about lost card\. So far: Blocked the card/),
      topics: ['Lost card'],
      facts: [
        { name: 'Card', value: `…${card}`, source: 'directory' },
        { name: 'Card status', value: expect.stringContaining('blocked'), source: 'bot' },
      ],
      tried: [{ what: `Blocked the card ending in ${card}`, outcome: expect.stringContaining('BLK-'), at: 1_000 }],
      lastPhrase: 'I need a new card from a real person',
    });
  });
});

describe('what becomes of a handoff is told', () => {
  test('accepted: by name', () => {
    expect(
      linesAbout({ state: 'accepted', message: { consultant: { name: 'Ana Ruiz' } } }, 'Contoso Bank', false),
    ).toEqual(['You are now talking to Ana Ruiz from Contoso Bank.']);
  });

  test('returned: with the promises and the facts, without the comment meant for the assistant', () => {
    const packet = {
      comment: 'difficult customer',
      promises: ['a new card within five days'],
      facts: [{ name: 'Address', value: 'Main Street 1', source: 'user' as const }],
    };
    const lines = linesAbout({ state: 'completed', message: { returned: true, packet } }, 'Contoso Bank', false).join(
      '\n',
    );
    expect(lines).toContain('a new card within five days');
    expect(lines).toContain('Address: Main Street 1');
    expect(lines).not.toContain('difficult');
  });

  test.each(['consultant-gone', 'queue-deadline', 'bot-did-not-take'])(
    'queued again because of %s: in a sentence',
    (reason) => {
      const [line, ...more] = linesAbout(
        { state: 'requeued', message: { queue: 'cards', reason } },
        'Contoso Bank',
        false,
      );
      expect(more).toEqual([]);
      expect(line).toMatch(/colleague/);
      expect(line).not.toContain(reason);
    },
  );

  test('closed: with a question for a rating where the page cannot ask', () => {
    expect(linesAbout({ state: 'completed', message: { returned: false } }, 'Contoso Bank', true)[0]).toMatch(
      /from 1 \(bad\) to 5/,
    );
    expect(linesAbout({ state: 'completed', message: { returned: false } }, 'Contoso Bank', false)[0]).not.toMatch(/1/);
  });

  test.each(['queue-deadline', 'nobody-available', 'unreachable'])(
    'failed because of %s: with an apology and a way on',
    (reason) => {
      expect(linesAbout({ state: 'failed', message: { reason } }, 'Contoso Bank', false)[0]).toMatch(
        /sorry.*let me see what I can do/,
      );
    },
  );

  test('a state of a newer desk says nothing', () => {
    expect(linesAbout({ state: 'teleported' }, 'Contoso Bank', false)).toEqual([]);
  });
});
