/** What a canned reply's `{{variables}}` can be filled with. */
export interface Known {
  user?: string | undefined;
  me: string;
  client: string;
  queue?: string | undefined;
}

const variable = /\{\{\s*([\w. -]{1,60}?)\s*\}\}/g;

/** Fills in what is known; what is not stays visible as `{{…}}` for a person to fill. */
export function fill(text: string, known: Known): string {
  return text.replace(variable, (whole, name: string) => valueOf(name.toLowerCase(), known) ?? whole);
}

/** The first variable that is still open, with its place in the text. */
export function openVariable(text: string): { name: string; start: number; end: number } | undefined {
  const found = new RegExp(variable.source).exec(text);
  return found === null ? undefined : { name: found[1] ?? '', start: found.index, end: found.index + found[0].length };
}

function valueOf(name: string, { user, me, client, queue }: Known): string | undefined {
  switch (name) {
    case 'user':
    case 'name':
    case 'user.name':
    case 'customer':
    case 'customer.name':
      return user;
    case 'user.firstname':
    case 'user.first-name':
    case 'firstname':
      return user?.split(/\s+/)[0];
    case 'me':
    case 'me.name':
    case 'agent':
    case 'agent.name':
    case 'consultant':
    case 'consultant.name':
      return me;
    case 'me.firstname':
    case 'consultant.firstname':
      return me.split(/\s+/)[0];
    case 'client':
    case 'client.name':
      return client;
    case 'queue':
      return queue;
    default:
      return undefined;
  }
}
