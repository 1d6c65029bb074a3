export { BotCaller, botOf, Caller, listen, Listener, person, type Answer } from './callers.ts';
export { startDesk, type DeskOptions, type ReceivedCallback, type TestClock, type TestDesk } from './start-desk.ts';
