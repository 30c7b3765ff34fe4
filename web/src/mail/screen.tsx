import { EmptyState } from '../ui/parts';

export default function MailScreen() {
	return <EmptyState title="…" />;
}
