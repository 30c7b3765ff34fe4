/* A part that fails says so; the rest goes on. */
import { Component, type ComponentChildren } from 'preact';
import { t } from './i18n';
import { ErrorState } from './parts';

export class Boundary extends Component<{ children: ComponentChildren; name: string }, { failed: Error | null }> {
	override state: { failed: Error | null } = { failed: null };

	static override getDerivedStateFromError(failed: Error) {
		return { failed };
	}

	override render() {
		const { failed } = this.state;
		if (!failed) return this.props.children;
		return <ErrorState title={t('ui.part-failed')} code={`${this.props.name}: ${failed.name}: ${failed.message}`} onRetry={() => this.setState({ failed: null })}>{t('ui.part-failed-text')}</ErrorState>;
	}
}
