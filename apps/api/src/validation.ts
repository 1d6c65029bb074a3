import fastJson from 'fast-json-stringify';
import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { compilePicker, compileWriter } from './shapes.ts';

/**
 * Checks requests against TypeBox schemas without changing them: nothing is removed, nothing is converted, so an
 * unexpected member is a visible 400. Only the query string, where everything is text, has its whole numbers and
 * booleans read; what was checked is what the handler gets.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = Compile(schema);
  const read = httpPart === 'querystring' ? queryReader(schema) : (value: unknown) => value;
  return (given: unknown) => {
    const value = read(given);
    if (compiled.Check(value)) return { value };
    // Fastify turns this list into one error with `validation`.
    return { error: compiled.Errors(value) as unknown as Error };
  };
};

/**
 * Writes answers so that nothing undeclared leaves. An answer that is as declared, which is the rule, is written by
 * `JSON.stringify` after a look at its members; from another, what is not declared is left out first.
 */
export const serializerCompiler: FastifySerializerCompiler<TSchema> = ({ schema }) => {
  const write = compileWriter(schema);
  const pick = compilePicker(schema);
  let careful: ((value: unknown) => string) | undefined;
  return (value: unknown) => {
    const text = write?.(value) ?? (pick && write?.(pick(value)));
    if (text !== undefined) return text;
    // Converts what can be converted and throws for the rest.
    careful ??= fastJson(schema as fastJson.Schema);
    return careful(value);
  };
};

function queryReader(schema: TSchema): (query: unknown) => unknown {
  const properties = (schema as { properties?: Record<string, { type?: unknown }> }).properties ?? {};
  const types = new Map(Object.entries(properties).map(([name, { type }]) => [name, type]));
  return (query) =>
    Object.fromEntries(
      Object.entries(query as Record<string, unknown>).map(([name, value]) => [
        name,
        readValue(value, types.get(name)),
      ]),
    );
}

function readValue(value: unknown, type: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (type === 'integer' && /^-?(0|[1-9]\d{0,15})$/.test(value)) return Number(value);
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

/**
 * Looks for objects that let undeclared members through, in or out.
 * @param deep also inside of the schema: for answers, where each level must hold
 * @returns what is wrong, or undefined
 */
export function openness(schema: unknown, deep = false): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const { anyOf, type, additionalProperties, properties, items } = schema as Partial<Record<string, unknown>>;
  if (type === 'object' && additionalProperties !== false)
    return 'it has room for undeclared members: add additionalProperties: false';
  const parts = [anyOf, ...(deep ? [Object.values(properties ?? {}), [items]] : [])].flat();
  return parts.map((part) => openness(part, deep)).find((found) => found !== undefined);
}
