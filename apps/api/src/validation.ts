import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';

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

/** A request schema that lets undeclared members through is a mistake. @returns what is wrong, or undefined */
export function openness(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const { anyOf, type, additionalProperties } = schema as {
    anyOf?: unknown[];
    type?: unknown;
    additionalProperties?: unknown;
  };
  if (Array.isArray(anyOf)) return anyOf.map(openness).find((found) => found !== undefined);
  return type === 'object' && additionalProperties !== false
    ? 'it accepts undeclared members: add additionalProperties: false'
    : undefined;
}
