export * from './policy.ts';
export * from './ports.ts';
