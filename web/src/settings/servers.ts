/* The servers that mail programs need, as this server tells them. Pure. */
export interface Server { protocol: 'imap' | 'pop3' | 'smtp'; host: string; port: number; tls: boolean }

/** The servers in Mozilla's form, which this server writes (docs/http.md). */
export function readServers(xml: string): Server[] {
	const found: Server[] = [];
	for (const [, protocol = '', inner = ''] of xml.matchAll(/<(?:incoming|outgoing)Server type="(imap|pop3|smtp)">([\s\S]*?)<\/(?:incoming|outgoing)Server>/g)) {
		const value = (name: string) => new RegExp(`<${name}>([^<]*)<`).exec(inner)?.[1]?.trim() ?? '';
		const port = Number(value('port'));
		if (/^[\w.-]+$/.test(value('hostname')) && port > 0 && port < 65536) found.push({ protocol: protocol as Server['protocol'], host: value('hostname'), port, tls: value('socketType') === 'SSL' });
	}
	return found;
}

/* Those that begin with TLS come first in the document. */
const first = (servers: readonly Server[], protocol: Server['protocol']) => servers.find(one => one.protocol === protocol);

/** What Thunderbird for Android takes by its camera (its "Export for Mobile", version 1); null: it cannot be written in that form. */
export function thunderbirdCode(servers: readonly Server[], address: string, name: string, password: string): string | null {
	const imap = first(servers, 'imap'), smtp = first(servers, 'smtp');
	if (!imap || !smtp || !/^[\x21-\x7e]+$/.test(address)) return null;
	const security = (one: Server) => (one.tls ? 3 : 2);
	return JSON.stringify([
		1, [1, 1], [0, imap.host, imap.port, security(imap), 1, address, '', password],
		[[[0, smtp.host, smtp.port, security(smtp), 1, address, password], [address, name]]],
	]);
}
