/* What is looked at on every screen: names of its controls, where Tab leads, whether it fits. */

const NAMED = new Set(['button', 'link', 'textbox', 'searchbox', 'combobox', 'listbox', 'checkbox', 'radio', 'switch', 'slider', 'spinbutton', 'tab', 'menuitem', 'menuitemradio', 'menuitemcheckbox', 'option', 'treeitem', 'row',
	'image', 'dialog', 'grid', 'tree', 'progressbar', 'heading', 'Iframe', 'DateTime', 'PopUpButton', 'ToggleButton']);

/** Controls, pictures and parts that a screen reader would call nothing. */
export async function nameless(page) {
	const devices = await page.context().newCDPSession(page);
	const { nodes } = await devices.send('Accessibility.getFullAXTree');
	const found = [];
	for (const node of nodes) {
		if (node.ignored || !NAMED.has(node.role?.value) || String(node.name?.value ?? '').trim()) continue;
		const { node: element } = await devices.send('DOM.describeNode', { backendNodeId: node.backendDOMNodeId }).catch(() => ({ node: {} }));
		const of = Object.fromEntries((element.attributes ?? []).map((text, i, all) => (i % 2 ? null : [text, all[i + 1]])).filter(Boolean));
		/* A row of a table is what its cells say. */
		if (element.localName !== 'tr') found.push(`${node.role.value} ${element.localName ?? ''}.${of.class ?? ''}`);
	}
	await devices.detach();
	return found;
}

/** How far the page or a part of it goes sideways. Sources scroll within themselves; so does the bar that only a demonstration has. */
export function sideways(page) {
	return page.evaluate(() => {
		const out = [];
		if (document.documentElement.scrollWidth > innerWidth) out.push(`page ${document.documentElement.scrollWidth - innerWidth}`);
		for (const el of document.querySelectorAll('body *')) {
			const style = getComputedStyle(el);
			if (!/auto|scroll/.test(style.overflowX) || el.scrollWidth <= el.clientWidth + 1 || el.matches('pre, .formats, .personas, textarea') || !el.checkVisibility()) continue;
			out.push(`${el.localName}.${el.className} ${el.scrollWidth - el.clientWidth}`);
		}
		return out;
	});
}

/** Walks with Tab until the walk begins anew: { stops, hidden: where the focus is not to be seen, trapped }. */
export async function walk(page, most = 160) {
	const stops = [], hidden = [], seen = new Set();
	let trapped = null, same = 0, former = '';
	await page.evaluate(() => {
		document.activeElement?.blur?.();
		window.walked = new Map();
		getSelection()?.removeAllRanges();
	});
	for (let i = 0; i < most; i++) {
		await page.keyboard.press('Tab');
		const stop = await page.evaluate(() => {
			const el = document.activeElement;
			if (!el || el === document.body) return null;
			if (!window.walked.has(el)) window.walked.set(el, window.walked.size);
			const key = String(window.walked.get(el)), name = `${el.localName}.${el.className} ${el.getAttribute('aria-label') ?? el.textContent?.trim().slice(0, 30) ?? ''}`;
			if (el.localName === 'iframe') return { key, name, shown: true, inside: true };
			/* A date has a stop for each of its parts. */
			const inside = /^(date|time)/.test(el.type ?? '');
			const near = [el, el.nextElementSibling, el.parentElement, el.parentElement?.parentElement, el.parentElement?.parentElement?.parentElement].filter(Boolean);
			const look = () => near.map(one => { const s = getComputedStyle(one); return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor, s.backgroundColor, s.opacity, s.transform].join(); }).join('|');
			const box = el.getBoundingClientRect();
			const on = look(), ring = getComputedStyle(el);
			const ringed = ring.outlineStyle !== 'none' && parseFloat(ring.outlineWidth) > 0;
			let shown = ringed && box.width > 1 && box.height > 1;
			if (!shown) {
				el.blur();
				shown = look() !== on;
				el.focus();
			}
			return { key, name, shown, inside };
		});
		if (!stop) {
			if (stops.length > 0) break;
			continue;
		}
		/* Links of a letter are stops within its frame. */
		same = stop.key === former && !stop.inside ? same + 1 : 0;
		former = stop.key;
		if (same >= 2) {
			trapped = stop.name;
			break;
		}
		if (seen.has(stop.key)) {
			if (stop.inside || same > 0) continue;
			break;
		}
		seen.add(stop.key);
		stops.push(stop.name);
		if (!stop.shown) hidden.push(stop.name);
	}
	return { stops, hidden, trapped };
}

/** What a finger cannot hit: of an area of 44 by 44 about its middle, something else takes a part. Links and names within text are as large as their line. */
export function missed(page) {
	return page.evaluate(() => {
		const out = [], over = [...document.querySelectorAll('dialog[open], .popover')].at(-1);
		for (const el of document.querySelectorAll('button, a[href], input:not([type=hidden], .sr), select, textarea, summary, [role=option]')) {
			if (!el.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || (over && !over.contains(el)) || el.disabled || el.matches('.skip, .twist, .letter-who, p a')) continue;
			el.scrollIntoView({ block: 'center' });
			const part = el.closest('label') ?? el, box = part.getBoundingClientRect();
			const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
			const hits = [[-21, 0], [21, 0], [0, -21], [0, 21]].map(([dx, dy]) => [x + dx, y + dy]).filter(([px, py]) => px > 0 && py > 0 && px < innerWidth && py < innerHeight)
				.map(([px, py]) => document.elementFromPoint(px, py)).filter(hit => !(hit && (part.contains(hit) || hit.contains(part) && hit.matches('label, .select'))));
			/* Not what lies below something else. */
			const middle = document.elementFromPoint(x, y);
			if (hits.length && middle && (part.contains(middle) || middle === part)) out.push(`${el.localName}.${el.className} ${Math.round(box.width)}x${Math.round(box.height)} ${(el.getAttribute('aria-label') ?? el.textContent ?? '').trim().slice(0, 24)}`);
		}
		return out;
	});
}
