/* Every language has the same texts with the same placeholders, and nothing of zh is still English. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'locales');
const read = (locale, name) => JSON.parse(readFileSync(join(folder, locale, name), 'utf8'));
/* Names and units that are written the same everywhere. */
const SAME = /^(Letterlock|[A-Z0-9 ._/+-]+|JavaScript|Markdown|HTML|English|中文.*)$/;
/* Words of the mainland, or second names for what has one (ux.md 5.9): they are not those that Taiwan uses. */
const NOT_TAIWAN = /收件人|寄件人|[登註]錄|信息|默認|服務器|郵箱|軟件|文件夾|網絡|賬|鏈接|數據|打印|點擊|短信|屏幕|菜單|激活|粘貼|快捷鍵|質量|證書|在線|通行金鑰|二維|草稿匣|代發|重試|附檔|安全管理員|……/;
const errors = [];

/* The names in the text: "{n, plural, one {# of {all}} other {…}}" has n and all. What stands in a case is text again. */
export function placeholders(text) {
	const found = new Set();
	let at = 0;
	const walk = depth => {
		while (at < text.length && !(depth > 0 && text[at] === '}')) {
			if (text[at++] !== '{') continue;
			const name = /^\s*(\w+)\s*/.exec(text.slice(at));
			if (!name) throw new Error(`"${text}": no name after {`);
			found.add(name[1]);
			at += name[0].length;
			for (const kind = /^,\s*(plural|select)\s*,/.exec(text.slice(at)); kind; ) {
				const head = /^(,\s*(?:plural|select)\s*,)?\s*[=\w-]+\s*\{/.exec(text.slice(at));
				if (!head) break;
				at += head[0].length;
				walk(depth + 1);
				at++;
			}
			at = text.indexOf('}', at) + 1;
			if (at === 0) throw new Error(`"${text}": { without }`);
		}
	};
	walk(0);
	return [...found].sort().join(' ');
}

const areas = readdirSync(join(folder, 'en'));
for (const locale of ['zh-CN', 'zh-TW']) {
	const there = readdirSync(join(folder, locale));
	for (const name of new Set([...areas, ...there])) {
		if (!areas.includes(name) || !there.includes(name)) {
			errors.push(`${name}: is not in both en and ${locale}`);
			continue;
		}
		const en = read('en', name), other = read(locale, name);
		for (const key of new Set([...Object.keys(en), ...Object.keys(other)])) {
			const where = `${locale}/${name}: ${key}`;
			if (!(key in other)) errors.push(`${where} is missing`);
			else if (!(key in en)) errors.push(`${where} is not in en`);
			else if (placeholders(en[key]) !== placeholders(other[key])) errors.push(`${where} has other placeholders than en: "${placeholders(other[key])}", not "${placeholders(en[key])}"`);
			else if (locale === 'zh-TW' && NOT_TAIWAN.test(other[key])) errors.push(`${where}: "${NOT_TAIWAN.exec(other[key])[0]}" is not said in Taiwan, or has another name here`);
			else if (en[key] === other[key] && /\p{L}{2}/u.test(en[key]) && !SAME.test(en[key])) errors.push(`${where} is not translated`);
		}
	}
}
for (const error of errors) console.log(error);
process.exit(errors.length > 0 ? 1 : 0);
