export * from './abilities.ts';
export * from './commands.ts';
export * from './decide.ts';
export * from './evolve.ts';
export * from './policy.ts';
export * from './ports.ts';
export * from './routing.ts';
export * from './transitions.ts';
