// nodemailer_send.js HOW MECHANISM SUBJECT RECIPIENTS [ATTACHMENT]: sends one message.
// HOW: plain, starttls, tls (submission); port25, port25tls.
'use strict';
const nodemailer = require('nodemailer');

const [how, mechanism, subject, recipients, attachment] = process.argv.slice(2);
const env = process.env;
const outside = how.startsWith('port25');
const port = outside ? env.MOX_SMTP : how === 'tls' ? env.MOX_SUBMISSIONS : env.MOX_SUBMISSION;
const from = outside ? 'a@remote.example' : 'mjl@mox.example';

const transport = nodemailer.createTransport({
    host: env.MOX_HOST,
    port: Number(port),
    name: 'client.example',
    secure: how === 'tls',
    requireTLS: how === 'starttls' || how === 'port25tls',
    ignoreTLS: how === 'plain' || how === 'port25',
    tls: { rejectUnauthorized: false },
    authMethod: mechanism,
    auth: outside ? undefined : { user: from, pass: env.MOX_PASSWORD },
});
const message = {
    from,
    to: recipients.split(',').filter(Boolean),
    subject,
    text: 'text with ünïcode',
    attachments: attachment ? [{ path: attachment }] : [],
};
transport.sendMail(message).then((info) => {
    if (info.rejected.length > 0)
        throw new Error('rejected: ' + info.rejected);
}).catch((err) => {
    console.error(err.message);
    process.exitCode = 1;
}).finally(() => transport.close());
