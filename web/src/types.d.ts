declare module 'locale:*' {
	const texts: Record<string, string>;
	export default texts;
}
declare module '*.css';
