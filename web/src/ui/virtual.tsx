/*
 * A list of any length of which only what is seen exists. Rows have one height; some have a heading of another height above them. When headings become
 * known above what is seen, the view stays where it is.
 */
import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface VirtualProps {
	count: number;
	rowHeight: number;
	headingHeight: number;
	/* Sorted numbers of the rows with a heading above them. */
	headings: readonly number[];
	renderRow: (at: number) => ComponentChildren;
	renderHeading: (at: number) => ComponentChildren;
	/* Rows [from, to) are seen, or nearly. */
	onRange: (from: number, to: number) => void;
	scroller: RefObject<HTMLElement>;
	/* The row that must be seen; changes scroll there. */
	active?: number;
}

const OVERSCAN = 8;

function below(headings: readonly number[], row: number): number {
	let low = 0, high = headings.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (headings[middle]! <= row) low = middle + 1;
		else high = middle;
	}
	return low;
}

export function rowTop(p: Pick<VirtualProps, 'rowHeight' | 'headingHeight' | 'headings'>, row: number): number {
	return row * p.rowHeight + below(p.headings, row) * p.headingHeight;
}

export function rowAt(p: Pick<VirtualProps, 'rowHeight' | 'headingHeight' | 'headings' | 'count'>, y: number): number {
	let low = 0, high = Math.max(0, p.count - 1);
	while (low < high) {
		const middle = (low + high + 1) >> 1;
		if (rowTop(p, middle) <= y) low = middle;
		else high = middle - 1;
	}
	return low;
}

export function VirtualList(p: VirtualProps) {
	const [view, setView] = useState({ top: 0, height: 800 });
	const anchor = useRef({ row: 0, offset: 0 });
	useEffect(() => {
		const el = p.scroller.current!;
		const see = () => {
			setView({ top: el.scrollTop, height: el.clientHeight });
		};
		see();
		el.addEventListener('scroll', see, { passive: true });
		const sizes = new ResizeObserver(see);
		sizes.observe(el);
		return () => {
			el.removeEventListener('scroll', see);
			sizes.disconnect();
		};
	}, []);
	/* Headings or heights changed: put the first row that was seen where it was. */
	useLayoutEffect(() => {
		const el = p.scroller.current!;
		if (el.scrollTop > 0) el.scrollTop = rowTop(p, anchor.current.row) + anchor.current.offset;
	}, [p.headings, p.rowHeight, p.headingHeight]);
	useLayoutEffect(() => {
		const row = rowAt(p, view.top);
		anchor.current = { row, offset: view.top - rowTop(p, row) };
	});
	useLayoutEffect(() => {
		const el = p.scroller.current!, row = p.active;
		if (row === undefined || row < 0) return;
		const top = rowTop(p, row), sticky = p.headingHeight;
		if (top - sticky < el.scrollTop) el.scrollTop = top - sticky;
		else if (top + p.rowHeight > el.scrollTop + el.clientHeight) el.scrollTop = top + p.rowHeight - el.clientHeight;
	}, [p.active]);

	const from = Math.max(0, rowAt(p, view.top) - OVERSCAN);
	const to = Math.min(p.count, rowAt(p, view.top + view.height) + 1 + OVERSCAN);
	useEffect(() => p.onRange(from, to), [from, to, p.count]);
	const heading = new Set(p.headings.slice(below(p.headings, from - 1), below(p.headings, to - 1)));
	const rows: ComponentChildren[] = [];
	for (let i = from; i < to; i++) {
		if (heading.has(i)) rows.push(<div key={`h${i}`} class="virtual-heading" style={{ top: `${rowTop(p, i) - p.headingHeight}px`, height: `${p.headingHeight}px` }}>{p.renderHeading(i)}</div>);
		rows.push(<div key={i} class="virtual-row" role="presentation" style={{ top: `${rowTop(p, i)}px`, height: `${p.rowHeight}px` }}>{p.renderRow(i)}</div>);
	}
	const total = p.count * p.rowHeight + p.headings.length * p.headingHeight;
	return <div class="virtual" role="presentation" style={{ height: `${total}px` }}>{rows}</div>;
}
