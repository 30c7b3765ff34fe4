/* The sign-in: one step after the other. */
import { useEffect } from 'preact/hooks';
import { go } from '../ui/router';
import { refusal } from '../shell/api';
import { session } from '../shell/session';
import { comeBack, next, step } from './flow';
import { EnrolStep } from './enrol';
import { Frame } from './frame';
import { ChangeStep, CodeStep, DeviceStep, PasswordStep, RecoverStep, SecondStep } from './steps';

const STEPS = { password: PasswordStep, second: SecondStep, recover: RecoverStep, change: ChangeStep, enrol: EnrolStep, device: DeviceStep, code: CodeStep };

export default function SignIn() {
	useEffect(() => {
		if (!session.value?.signed_in) refusal.value = 'none';
		if (!location.pathname.startsWith('/signin')) go('/signin', true);
		if (session.value?.signed_in) next();
		comeBack();
	}, []);
	const Step = STEPS[step.value];
	return <Frame><Step key={step.value} /></Frame>;
}
