import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { System } from './nodes.ts';

/**
 * This process as the operating system knows it. Two processes see each other's numbers when they share a kernel that
 * was started once and a namespace of process numbers; elsewhere than on Linux, a machine.
 */
export function thisSystem(): System {
  return { born: { place: place(), pid: process.pid, mark }, runs };
}

const mark = randomUUID();

function place(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return `${process.platform} ${hostname()}`;
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
