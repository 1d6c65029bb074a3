import { contoso, fabrikam, type Bot, type Person, type Tenant } from '@parley/sandbox';

/** A client's people, and what its users are likely to come with. */
export interface Cast {
  readonly tenant: Tenant & { readonly bot: Bot };
  readonly client: string;
  readonly consultant: Person;
  readonly colleague: Person;
  readonly supervisor: Person;
  /** Path of its page on the bot's server. */
  readonly page: string;
  /** What the user says until the bot gets a person, each with what the bot answers. */
  readonly trouble: readonly (readonly [line: string, answer: RegExp])[];
  /** Why the bot got a person, and the queue it chose. */
  readonly reason: string;
  readonly queue: string;
}

const reason = 'The customer accepted the offer to talk to a person';

export const bankx: Cast = {
  tenant: contoso,
  client: 'Contoso Bank',
  consultant: person(contoso, 'Ana Ruiz'),
  colleague: person(contoso, 'Lukas Meyer'),
  supervisor: person(contoso, 'Marta Silva'),
  page: '/',
  trouble: [
    ['I lost my card at the station', /Shall I block your card/],
    ['yes please', /Nobody can pay with it any more/],
    ['yes, get me somebody', /I am getting a colleague for you/],
  ],
  reason,
  queue: 'Cards',
};

export const insurance: Cast = {
  tenant: fabrikam,
  client: 'Fabrikam Insurance',
  consultant: person(fabrikam, 'Noor Haddad'),
  colleague: person(fabrikam, 'Felix Brandt'),
  supervisor: person(fabrikam, 'Ines Costa'),
  page: '/fabrikam/',
  trouble: [
    ['My wallet was stolen on the tram', /Shall I block your card/],
    ['yes please', /Nobody can pay with it any more/],
    ['yes, get me somebody', /I am getting a colleague for you/],
  ],
  reason,
  queue: 'Claims',
};

function person({ people }: Tenant, wanted: string): Person {
  const found = people.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`The sandbox has no ${wanted}`);
  return found;
}
