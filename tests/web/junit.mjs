/* A reporter of node:test that writes what tests/run.py reads: JUnit, one case for each test of a file. */
const escape = text => String(text).replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]).replace(/[^\t\n\x20-\uFFFD]/g, '?');

export default async function* junit(source) {
	yield '<?xml version="1.0" encoding="utf-8"?>\n<testsuites><testsuite name="web">\n';
	for await (const { type, data } of source) {
		/* A file is a test around its tests in some versions: its name is a path. */
		if ((type !== 'test:pass' && type !== 'test:fail') || /\.mjs$/.test(data.name) && type === 'test:pass') continue;
		const file = String(data.file ?? 'web').split('/').pop().replace(/\.test\.mjs$/, '');
		const error = data.details?.error, cause = error?.cause ?? error;
		const inside = data.skip !== undefined ? '<skipped/>' : type === 'test:fail' ? `<failure message="${escape(cause?.message ?? error)}">${escape(cause?.stack ?? error)}</failure>` : '';
		yield `<testcase classname="web.${escape(file)}" name="${escape(data.name)}" time="${(data.details?.duration_ms ?? 0) / 1000}">${inside}</testcase>\n`;
	}
	yield '</testsuite></testsuites>\n';
}
