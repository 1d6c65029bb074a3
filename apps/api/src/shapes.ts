import { Conversation, Entry } from '@parley/contracts';
import type { TSchema } from 'typebox';

/**
 * Writes a value as JSON where it has exactly the declared members, each of the declared type.
 * @returns undefined where it has not
 */
export type Writer = (value: unknown) => string | undefined;

/**
 * Compiles a schema into a writer. Limits, such as lengths and patterns, are for what comes in: they are not looked at
 * again, so what an older desk accepted stays readable. Conversations and entries go out many times, to who watches and
 * to who asked: their text is kept for a short while.
 * @returns undefined for a schema with parts that this does not know
 */
export function compileWriter(schema: TSchema): Writer | undefined {
  try {
    return writerOf(schema);
  } catch (error) {
    if (error instanceof UnknownShape) return undefined;
    throw error;
  }
}

/**
 * Compiles a schema into a function that leaves out what is not declared, at whatever depth.
 * @returns undefined for a schema with parts that this does not know
 */
export function compilePicker(schema: TSchema): ((value: unknown) => unknown) | undefined {
  try {
    return shapeOf(schema).pick;
  } catch (error) {
    if (error instanceof UnknownShape) return undefined;
    throw error;
  }
}

function writerOf(schema: Node): Writer {
  const kept = keptTexts.get(JSON.stringify(schema));
  if (kept) return keeping(kept, shapeOf(schema));
  if (holdsKept(schema)) {
    if (schema.type === 'array') return listWriter(writerOf(schema.items!));
    if (schema.type === 'object') return objectWriter(schema);
  }
  const { fits } = shapeOf(schema);
  return (value) => (fits(value) ? JSON.stringify(value) : undefined);
}

function keeping(texts: Map<object, string>, { fits }: Shape): Writer {
  return (value) => {
    const known = texts.get(value as object);
    if (known !== undefined) return known;
    if (!fits(value)) return undefined;
    const text = JSON.stringify(value);
    if (texts.size >= mostKept) texts.clear();
    texts.set(value as object, text);
    return text;
  };
}

function listWriter(write: Writer): Writer {
  return (value) => {
    if (!Array.isArray(value) || 'toJSON' in value) return undefined;
    let text = '';
    for (const item of value) {
      const part = write(item);
      if (part === undefined) return undefined;
      text += text === '' ? part : `,${part}`;
    }
    return `[${text}]`;
  };
}

function objectWriter(schema: Node): Writer {
  const members = membersOf(schema, writerOf);
  const required = schema.required?.length ?? 0;
  return (value) => {
    if (!isPlain(value)) return undefined;
    let text = '';
    let found = 0;
    for (const name in value) {
      const member = members.get(name);
      if (!member) return undefined;
      if (value[name] === undefined) continue;
      const part = member.with(value[name]);
      if (part === undefined) return undefined;
      if (member.required) found += 1;
      text += text === '' ? `${member.name}:${part}` : `,${member.name}:${part}`;
    }
    return found === required ? `{${text}}` : undefined;
  };
}

function shapeOf(schema: Node): Shape {
  if ('const' in schema) return leaf((value) => value === schema.const);
  if (schema.anyOf) return unionShape(schema.anyOf);
  switch (schema.type) {
    case 'string':
      return leaf((value) => typeof value === 'string');
    case 'integer':
      return leaf(Number.isInteger);
    case 'number':
      return leaf(Number.isFinite);
    case 'boolean':
      return leaf((value) => typeof value === 'boolean');
    case 'null':
      return leaf((value) => value === null);
    case 'array':
      if (schema.items) return listShape(shapeOf(schema.items));
      break;
    case 'object':
      if (schema.properties && schema.additionalProperties === false) return objectShape(schema);
      break;
    default:
  }
  throw new UnknownShape();
}

function leaf(fits: (value: unknown) => boolean): Shape {
  return { fits, pick: (value) => value };
}

function listShape({ fits, pick }: Shape): Shape {
  return {
    fits(value) {
      if (!Array.isArray(value) || 'toJSON' in value) return false;
      for (const item of value) if (!fits(item)) return false;
      return true;
    },
    pick: (value) => (Array.isArray(value) ? value.map(pick) : value),
  };
}

function objectShape(schema: Node): Shape {
  const members = membersOf(schema, shapeOf);
  const required = schema.required?.length ?? 0;
  return {
    fits(value) {
      if (!isPlain(value)) return false;
      let found = 0;
      for (const name in value) {
        const member = members.get(name);
        if (!member) return false;
        if (value[name] === undefined) continue;
        if (!member.with.fits(value[name])) return false;
        if (member.required) found += 1;
      }
      return found === required;
    },
    pick(value) {
      if (typeof value !== 'object' || value === null) return value;
      const given = value as Record<string, unknown>;
      const picked: Record<string, unknown> = {};
      for (const [name, { with: member }] of members) {
        if (Object.hasOwn(given, name)) picked[name] = member.pick(given[name]);
      }
      return picked;
    },
  };
}

/** A union of objects that one literal tells apart is decided by it; any other by trying. */
function unionShape(schemas: readonly Node[]): Shape {
  const shapes = schemas.map(shapeOf);
  const tag = tagOf(schemas);
  if (tag === undefined) {
    return {
      fits: (value) => shapes.some(({ fits }) => fits(value)),
      pick: (value) => shapes.map(({ pick }) => pick(value)).find((picked, n) => shapes[n]!.fits(picked)) ?? null,
    };
  }
  const byTag = new Map(schemas.map((schema, n) => [schema.properties![tag]!.const, shapes[n]!]));
  const of = (value: unknown) => (isPlain(value) ? byTag.get(value[tag]) : undefined);
  return {
    fits: (value) => of(value)?.fits(value) ?? false,
    pick: (value) => of(value)?.pick(value) ?? null,
  };
}

function tagOf(schemas: readonly Node[]): string | undefined {
  return Object.keys(schemas[0]?.properties ?? {}).find((name) => {
    const values = schemas.map((schema) =>
      schema.required?.includes(name) ? schema.properties?.[name]?.const : undefined,
    );
    return !values.includes(undefined) && new Set(values).size === values.length;
  });
}

function membersOf<T>({ properties = {}, required = [] }: Node, compile: (schema: Node) => T) {
  return new Map(
    Object.entries(properties).map(([name, schema]) => [
      name,
      { name: JSON.stringify(name), required: required.includes(name), with: compile(schema) },
    ]),
  );
}

/** Whether `JSON.stringify` would write its members and nothing else. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('toJSON' in value);
}

function holdsKept(schema: Node): boolean {
  if (keptTexts.has(JSON.stringify(schema))) return true;
  if (schema.type === 'array' && schema.items) return holdsKept(schema.items);
  return (
    schema.type === 'object' &&
    schema.additionalProperties === false &&
    Object.values(schema.properties ?? {}).some(holdsKept)
  );
}

/** By what they are the texts of. Nothing changes a conversation or an entry once it is made. */
const keptTexts = new Map([Conversation, Entry].map((schema) => [JSON.stringify(schema), new Map<object, string>()]));
const mostKept = 200;

class UnknownShape extends Error {}

type Shape = { fits: (value: unknown) => boolean; pick: (value: unknown) => unknown };

/** The parts of JSON Schema that the contracts are made of. */
type Node = {
  type?: string;
  const?: unknown;
  anyOf?: readonly Node[];
  items?: Node;
  properties?: Record<string, Node>;
  required?: readonly string[];
  additionalProperties?: unknown;
};
