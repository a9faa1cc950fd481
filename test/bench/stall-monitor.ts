/**
 * Loaded before a server (`--import`): measures how much its thread worked at most between two
 * beats of a timer, since it was asked last. CPU time, so that other processes of the machine do
 * not count.
 */
const used = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};
let last = used();
let longest = 0;
setInterval(() => {
  const now = used();
  longest = Math.max(longest, now - last);
  last = now;
}, 1).unref();

process.on('message', () => {
  process.send!(longest);
  longest = 0;
});
process.channel?.unref();
