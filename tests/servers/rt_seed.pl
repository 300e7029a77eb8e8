# Users, rights, queues and custom fields of the tests' own RT. Prints the users' tokens as JSON.
use strict;
use warnings;
use JSON ();

my $system = RT->SystemUser;

sub done {
    my ($ok, $said) = @_;
    die $said unless $ok;
    return $ok;
}

my %user;
for my $row (
    {Name => 'tess', EmailAddress => 'tess@msp.test', RealName => 'Tess Gray', Privileged => 1,
        Timezone => 'Europe/Berlin'},
    {Name => 'omar', EmailAddress => 'omar@msp.test', RealName => 'Omar Diaz', Privileged => 1},
    {Name => 'nora', EmailAddress => 'nora@msp.test', Privileged => 1, Timezone => 'America/New_York'},
    {Name => 'lena', EmailAddress => 'lena@msp.test', Privileged => 1},
    {Name => 'pat', EmailAddress => 'pat@contoso.test', RealName => 'Pat Kim', Privileged => 0,
        WorkPhone => '+1 555 0100'},
) {
    my $user = $user{$row->{Name}} = RT::User->new($system);
    done($user->Create(%$row, Password => 'password'));
}

my $privileged = RT::Group->new($system);
$privileged->LoadSystemInternalGroup('Privileged');
my $everyone = RT::Group->new($system);
$everyone->LoadSystemInternalGroup('Everyone');
my $staff = RT::Group->new($system);
done($staff->CreateUserDefinedGroup(Name => 'Staff'));
done($staff->AddMember($user{$_}->PrincipalId)) for qw(tess omar nora);

my $general = RT::Queue->new($system);
$general->Load('General');
my $projects = RT::Queue->new($system);
done($projects->Create(Name => 'Projects', Lifecycle => 'projects'));
my $vault = RT::Queue->new($system);
done($vault->Create(Name => 'Vault'));

for my $queue ($general, $projects) {
    $privileged->PrincipalObj->GrantRight(Right => $_, Object => $queue)
        for qw(SeeQueue ShowTicket ShowTicketComments SeeCustomField OwnTicket);
    # ShowOutgoingEmail is left out: then the history has rows that RT counts and does not show.
    $staff->PrincipalObj->GrantRight(Right => $_, Object => $queue)
        for qw(CreateTicket CommentOnTicket ReplyToTicket ModifyTicket DeleteTicket TakeTicket StealTicket
               ReassignTicket ModifyCustomField);
}
# On a queue alone this right shows a field's value on a ticket, and hides the field's own page and choices.
$staff->PrincipalObj->GrantRight(Right => 'SeeCustomField', Object => RT->System);
# Who may administer users sees their phone numbers; other staff do not.
$user{nora}->PrincipalObj->GrantRight(Right => 'AdminUsers', Object => RT->System);
$everyone->PrincipalObj->GrantRight(Right => $_, Object => RT->System) for qw(CreateTicket ReplyToTicket);

for my $row (
    ['Billing Code', 'SelectSingle', qw(CONTRACT TIME-MAT NO-CHARGE)],
    ['Request Type', 'SelectSingle', 'Incident', 'Service Request'],
    ['Client', 'FreeformSingle'],
    ['Contract', 'FreeformSingle'],
    ['Serial', 'FreeformSingle'],
) {
    my ($name, $type, @values) = @$row;
    my $field = RT::CustomField->new($system);
    done($field->Create(Name => $name, Type => $type, LookupType => 'RT::Queue-RT::Ticket'));
    done($field->AddValue(Name => $_)) for @values;
    done($field->AddToObject($general));
    done($field->AddToObject($projects)) if $name eq 'Client' or $name eq 'Billing Code';
}

my %token;
for my $name (qw(tess omar nora lena)) {
    my ($ok, $said, $token) = RT::AuthToken->new($system)->Create(
        Owner => $user{$name}->Id, Description => 'deskzero');
    done($ok, $said);
    $token{$name} = $token;
}
print JSON->new->canonical->encode(\%token), "\n";
