/* Templates are letters in the folder "Templates", as Thunderbird and others keep them; {{name}} and the like are filled in. */

export interface Facts {
	recipient: string;
	sender: string;
	date: string;
	subject: string;
}

const PLACES: Record<string, keyof Facts> = {
	recipientname: 'recipient', recipient: 'recipient', 收件人: 'recipient',
	sendername: 'sender', sender: 'sender', 发件人: 'sender', 寄件人: 'sender', 寄件者: 'sender',
	date: 'date', 日期: 'date',
	subject: 'subject', 主题: 'subject', 主旨: 'subject',
};

export const PLACEHOLDERS = ['{{recipientName}}', '{{senderName}}', '{{date}}', '{{subject}}'] as const;

/** What is not known stays as it is, to be seen and filled in by hand. */
export function fill(text: string, facts: Facts): string {
	return text.replace(/\{\{\s*([^{}\s]{1,40})\s*\}\}/g, (whole, name: string) => {
		const place = PLACES[name.toLowerCase()];
		return (place && facts[place]) || whole;
	});
}

export function unfilled(text: string): string[] {
	return [...text.matchAll(/\{\{\s*([^{}\s]{1,40})\s*\}\}/g)].map(m => m[1]!);
}
