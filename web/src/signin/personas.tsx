/* Who a demonstration offers to be (policy.personas). It is always seen, so that nobody takes the demonstration for the real thing. */
import { maybe, t } from '../ui/i18n';
import { Icon } from '../ui/icons';
import { session } from '../shell/session';

/* Who runs the system is known by the role, others by name. */
const PEOPLE = ['user', 'department'];

function roleOf(role: string): string {
	return maybe(`signin.role-${role}`) ?? role;
}

export function PersonaBar() {
	const personas = session.value?.policy.personas ?? [];
	if (personas.length === 0) return null;
	const own = session.value?.address?.split('@')[0] ?? '';
	return (
		<nav class="personas" aria-label={t('signin.personas')}>
			<span class="personas-title"><Icon name="info" size={16} />{t('signin.demo')}</span>
			<ul>
				{personas.map(p => {
					const here = own !== '' && p.url.endsWith(`/${own}`);
					return (
						<li key={p.url}>
							<a href={p.url} aria-current={here || undefined} {...(p.role === 'partner' ? { target: '_blank', rel: 'noopener' } : {})}>
								{PEOPLE.includes(p.role) ? <><span>{p.name}</span><small>{roleOf(p.role)}</small></> : <span>{roleOf(p.role)}</span>}
							</a>
						</li>
					);
				})}
			</ul>
		</nav>
	);
}
