// Sends a letter with nodemailer, waits for it and fetches the whole INBOX with imapflow; prints count and hash.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ImapFlow } from 'imapflow'
import nodemailer from 'nodemailer'

const [smtpPort, imapPort] = process.env.PORTS.split(' ').map(Number)
const { USER_NAME: user, PASSWORD: pass, SUBJECT: subject } = process.env
const tls = { ca: readFileSync(process.env.CA), servername: 'mail.demo.test' }

const transport = nodemailer.createTransport({ host: '127.0.0.1', port: smtpPort, secure: true, auth: { user, pass }, tls })
await transport.sendMail({ from: user, to: user, subject, text: 'from nodemailer: 你好', html: '<p>你好</p>',
	attachments: [{ filename: '附件.bin', content: Buffer.alloc(300000, 7) }] })
transport.close()

const client = new ImapFlow({ host: '127.0.0.1', port: imapPort, secure: true, auth: { user, pass }, tls, logger: false })
await client.connect()
const lock = await client.getMailboxLock('INBOX')
try {
	let found = []
	for (let i = 0; i < 100 && !found.length; i++) {
		await client.noop()
		found = await client.search({ subject }) || []
		if (!found.length) await new Promise(done => setTimeout(done, 100))
	}
	const { content } = await client.download(String(found[0]))
	const hash = createHash('sha256')
	for await (const chunk of content) hash.update(chunk)
	let count = 0
	for await (const message of client.fetch('1:*', { uid: true, envelope: true, bodyStructure: true, flags: true })) {
		if (message.envelope && message.bodyStructure) count++
	}
	console.log(`sha=${hash.digest('hex')}`)
	console.log(`count=${count}`)
} finally {
	lock.release()
}
await client.logout()
