// nodemailer's pool: nodemailer.cjs MODULES PORT MESSAGES SIZE CONNECTIONS KEY-FILE ("" for no DKIM)
const [modules, port, messages, size, connections, key] = process.argv.slice(2);
const nodemailer = require(`${modules}/nodemailer`);
const fs = require("fs");
const dkim = key && { domainName: "news.example", keySelector: "r", privateKey: fs.readFileSync(key, "ascii") };
const pool = nodemailer.createTransport({
  pool: true, host: "127.0.0.1", port: +port, secure: false, ignoreTLS: true,
  maxConnections: +connections, maxMessages: Infinity, ...(dkim ? { dkim } : {}),
});
let text = "", seed = 1;
while (text.length < +size) {
  seed = (seed * 48271) % 2147483647;
  text += text.length % 73 === 72 ? "\n" : text.length % 73 === 71 ? "x" : "abcdefgh "[seed % 9];
}
const mail = (n) => ({
  from: "weekly@news.example", to: `r${n}@reader.example`, subject: "The week",
  list: { unsubscribe: `https://news.example/u/${String(n).padStart(33, "0")}` },
  text: `${text}\nhttps://news.example/u/${String(n).padStart(33, "0")}\n`,
});
(async () => {
  const begin = process.hrtime.bigint(), used = process.cpuUsage();
  let next = 0;
  const work = async () => { while (next < +messages) await pool.sendMail(mail(next++)); };
  await Promise.all(Array.from({ length: 2 * +connections }, work));
  const cpu = process.cpuUsage(used);
  console.log(Number(process.hrtime.bigint() - begin) / 1e9, (cpu.user + cpu.system) / 1e6);
  pool.close();
})();
