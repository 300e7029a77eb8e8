# Configuration of the tests' own RT; @HOME@ and @PORT@ are filled in by rt.py.
Set($rtname, 'deskzero.test');
Set($Organization, 'deskzero.test');
Set($CorrespondAddress, 'rt@deskzero.test');
Set($CommentAddress, 'rt-comment@deskzero.test');
Set($WebDomain, '127.0.0.1');
Set($WebPort, @PORT@);
Set($WebPath, '');
Set($WebBaseURL, 'http://127.0.0.1:@PORT@');
Set($WebURL, 'http://127.0.0.1:@PORT@/');
# Not UTC on purpose: whoever mixes up zones reads the wrong tickets.
Set($Timezone, 'Asia/Tokyo');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '@HOME@/rtdb');
Set($DatabaseHost, '');
Set($DatabasePort, '');
Set($DatabaseUser, '');
Set($DatabasePassword, '');
Set($MailCommand, 'testfile');
Set($LogToSyslog, undef);
Set($LogToFile, undef);
Set($LogToSTDERR, 'warning');
# The usual 12 costs a quarter of a second for each request's token.
Set($BcryptCost, 4);
Set(%Lifecycles, projects => {
    type => 'ticket',
    initial => ['new'], active => ['doing'], inactive => ['done', 'deleted'],
    defaults => {on_create => 'new'},
    transitions => {
        '' => ['new', 'doing'], new => ['doing', 'done', 'deleted'], doing => ['done', 'deleted'],
        done => ['doing', 'deleted'], deleted => ['new'],
    },
    rights => {'* -> deleted' => 'DeleteTicket', '* -> *' => 'ModifyTicket'},
    actions => ['new -> doing' => {label => 'Begin'}, 'doing -> done' => {label => 'Finish', update => 'Respond'}],
});
$Mail::Mailer::testfile::config{outfile} = '@HOME@/mails';
$RT::VarPath = '@HOME@/var';
$RT::MasonDataDir = '@HOME@/mason';
$RT::MasonSessionDir = '@HOME@/sessions';
1;
