/* PatchObject of RFC 8620 5.3: paths are JSON pointers without the first "/", null removes. */

type Json = Record<string, unknown>;
export type Patch = Record<string, unknown>;

function isObject(value: unknown): value is Json {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function steps(path: string): string[] {
	return path.split('/').map((step) => step.replace(/~1/g, '/').replace(/~0/g, '~'));
}

/** A step of a path: keywords and ids may hold "/" and "~". */
export function pointer(...parts: string[]): string {
	return parts.map((part) => part.replace(/~/g, '~0').replace(/\//g, '~1')).join('/');
}

function setAt(target: Json, path: string[], value: unknown): Json {
	const [step, ...rest] = path as [string, ...string[]];
	const copy = { ...target };
	if (rest.length > 0) {
		const inner = copy[step];
		copy[step] = setAt(isObject(inner) ? inner : {}, rest, value);
	} else if (value === null) {
		delete copy[step];
	} else {
		copy[step] = value;
	}
	return copy;
}

/** A patched copy; what the patch does not name is shared with the original. */
export function applyPatch<T extends object>(object: T, patch: Patch): T {
	let result = object as Json;
	for (const [path, value] of Object.entries(patch)) {
		const way = steps(path);
		result = way.length === 1 && value === null ? { ...result, [way[0]!]: null } : setAt(result, way, value);
	}
	return result as T;
}

function valueAt(object: Json, path: string[]): unknown {
	let value: unknown = object;
	for (const step of path) {
		if (!isObject(value)) return null;
		value = value[step];
	}
	return value ?? null;
}

/** The patch that takes back what `patch` does to `object`. */
export function inversePatch(object: object, patch: Patch): Patch {
	return Object.fromEntries(Object.keys(patch).map((path) => [path, valueAt(object as Json, steps(path))]));
}
