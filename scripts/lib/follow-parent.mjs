// Loaded into each process that the launcher starts: when the launcher is gone, however it went, the process stops too.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
