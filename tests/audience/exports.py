"""What other tools export, in their real shapes: one person of each kind."""

from digest.model import SubscriptionState, SuppressionReason

PENDING, ACTIVE, ENDED = SubscriptionState
BOUNCED, COMPLAINED, ASKED, ADMIN = SuppressionReason

#: For each file: its text, and what each address in it must become when consent is stated.
FILES: dict[str, tuple[str, dict[str, tuple[object, object]]]] = {
    "listmonk": (
        "uuid,email,name,attributes,status,created_at,updated_at\n"
        '1f,a1@reader.example,Ada L,"{""city"": ""Bonn""}",enabled,2022-01-02T03:04:05Z,x\n'
        "2f,a2@reader.example,Bob,{},disabled,2022-01-02T03:04:05Z,x\n"
        "3f,a3@reader.example,Cy,{},blocklisted,2022-01-02T03:04:05Z,x\n",
        {"a1": (ACTIVE, None), "a2": (ENDED, None), "a3": (ENDED, ASKED)},
    ),
    "listmonk import file": (
        'email,name,attributes\na1@reader.example,Ada,"{""x"": 1}"\n',
        {"a1": (ACTIVE, None)},
    ),
    "Ghost": (
        "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,"
        "deleted_at,labels,tiers\n"
        '1,a1@reader.example,Ada,,true,false,,2022-01-02T03:04:05.000Z,,"vip,local",\n'
        "2,a2@reader.example,Bob,,false,false,,2022-01-02T03:04:05.000Z,,,\n"
        "3,a3@reader.example,Cy,,true,false,,2022-01-02T03:04:05.000Z,2023-01-02T03:04:05.000Z,,\n",
        {"a1": (ACTIVE, None), "a2": (ENDED, None), "a3": (ENDED, None)},
    ),
    "Substack list": (
        "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\n"
        "a1@reader.example,false,,other,false,2022-01-02T03:04:05.000Z,\n"
        "a2@reader.example,true,,yearly,true,2022-01-02T03:04:05.000Z,\n"
        "123@deletion-request.substack.com,false,,other,false,2022-01-02T03:04:05.000Z,\n",
        {"a1": (ACTIVE, None), "a2": (ENDED, None)},
    ),
    "Substack dashboard": (
        "Email,Name,Subscription type,Activity,Subscription date,Country\n"
        'a1@reader.example,Ada,Free,5,"Jan 2, 2022",DE\n',
        {"a1": (ACTIVE, None)},
    ),
    "Mailchimp subscribed": (
        '"Email Address","First Name","Last Name",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,'
        "CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,"
        "NOTES,TAGS\n"
        'a1@reader.example,Ada,L,2,"2022-01-02 03:04:05",203.0.113.7,"2022-01-02 03:05:00",'
        ',,,,,,,,"2022-01-02 03:05:00",1,e,,"""vip"",""local, news"""\n',
        {"a1": (ACTIVE, None)},
    ),
    "Mailchimp unsubscribed": (
        '"Email Address","First Name","Last Name",MEMBER_RATING,CONFIRM_TIME,LEID,EUID,'
        "UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER\n"
        'a2@reader.example,Bob,B,2,"2022-01-02 03:04:05",1,e,"2023-01-02 03:04:05",,,N/A,\n'
        'a3@reader.example,Cy,C,2,"2022-01-02 03:04:05",1,e,"2023-01-02 03:04:05",,,ABUSE,\n',
        {"a2": (ENDED, None), "a3": (ENDED, COMPLAINED)},
    ),
    "Mailchimp cleaned": (
        '"Email Address","First Name","Last Name",MEMBER_RATING,CONFIRM_TIME,LEID,EUID,CLEAN_TIME,'
        "CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID\n"
        'a2@reader.example,Bob,B,2,"2022-01-02 03:04:05",1,e,"2023-01-02 03:04:05",,\n',
        {"a2": (ENDED, BOUNCED)},
    ),
    "MailPoet": (
        'Email,"First name","Last name","Subscription IP","Subscription time","Confirmation time",'
        '"Confirmation IP","List status","Global status",Field,List\n'
        'a1@reader.example,"Ada \\"Countess\\"",L,203.0.113.7,"2022-01-02 03:04:05",'
        '"2022-01-02 03:05:00",203.0.113.7,subscribed,subscribed,,Weekly\n'
        "a2@reader.example,B,B,,,,,unsubscribed,subscribed,,Weekly\n"
        "a3@reader.example,C,C,,,,,subscribed,unsubscribed,,Weekly\n"
        "a4@reader.example,D,D,,,,,subscribed,bounced,,Weekly\n"
        "a5@reader.example,E,E,,,,,unconfirmed,unconfirmed,,Weekly\n",
        {
            "a1": (ACTIVE, None),
            "a2": (ENDED, None),
            "a3": (ENDED, None),
            "a4": (ENDED, BOUNCED),
            "a5": (PENDING, None),
        },
    ),
    "Buttondown": (
        "id,secondary_id,email,notes,subscriber_type,referrer_url,utm_source,utm_medium,"
        "utm_campaign,creation_date,ip_address,subscription_date,unsubscription_date,tags,metadata\n"
        "1,1,a1@reader.example,,regular,,,,,2022-01-02 03:04:05.6+00:00,203.0.113.7,"
        "2022-01-02 03:05:00+00:00,,vip;local,{'a': 'b'}\n"
        "2,2,a2@reader.example,,unsubscribed,,,,,2022-01-02 03:04:05+00:00,,,"
        "2023-01-02 03:04:05+00:00,,{}\n"
        "3,3,a3@reader.example,,undeliverable,,,,,2022-01-02 03:04:05+00:00,,,,,{}\n"
        "4,4,a4@reader.example,,complained,,,,,2022-01-02 03:04:05+00:00,,,,,{}\n"
        "5,5,a5@reader.example,,unactivated,,,,,2022-01-02 03:04:05+00:00,,,,,{}\n",
        {
            "a1": (ACTIVE, None),
            "a2": (ENDED, None),
            "a3": (ENDED, BOUNCED),
            "a4": (ENDED, COMPLAINED),
            "a5": (PENDING, None),
        },
    ),
    "beehiiv": (
        "email,First Name,Last Name,status,tier,created_at,stripe_customer_id,utm_source,"
        "unsubscribed_at\n"
        "a1@reader.example,Ada,L,active,free,2022-01-02 03:04:05 UTC,,,\n"
        "a2@reader.example,Bob,B,inactive,free,2022-01-02 03:04:05 UTC,,,2023-01-02 03:04:05 UTC\n"
        "a3@reader.example,Cy,C,active,free,2022-01-02 03:04:05 UTC,,,2023-01-02 03:04:05 UTC\n"
        "a4@reader.example,Di,D,pending,free,2022-01-02 03:04:05 UTC,,,\n",
        {"a1": (ACTIVE, None), "a2": (ENDED, None), "a3": (ENDED, None), "a4": (PENDING, None)},
    ),
    "Keila": (
        "Email,First name,Last name,Data,Status,External ID\n"
        'a1@reader.example,Ada,L,"{""tags"": [""vip""]}",active,\n'
        "a2@reader.example,Bob,B,,unsubscribed,\n"
        "a3@reader.example,Cy,C,,unreachable,\n",
        {"a1": (ACTIVE, None), "a2": (ENDED, None), "a3": (ENDED, BOUNCED)},
    ),
    "Mailtrain": (
        "cid,status,HASH_EMAIL,EMAIL,FIRST_NAME,LAST_NAME\n"
        "x1,1,abc,a1@reader.example,Ada,L\n"
        "x2,2,abc,a2@reader.example,Bob,B\n"
        "x3,3,abc,a3@reader.example,Cy,C\n"
        "x4,4,abc,a4@reader.example,Di,D\n",
        {
            "a1": (ACTIVE, None),
            "a2": (ENDED, None),
            "a3": (ENDED, BOUNCED),
            "a4": (ENDED, COMPLAINED),
        },
    ),
    "WordPress.com": (
        "Name,Email,Subscription type,Email subscription,Since\n"
        "Ada,a1@reader.example,Free,Subscribed,2022-01-02\n"
        "Bob,a2@reader.example,Free,Not subscribed,2022-01-02\n"
        "Cy,a3@reader.example,Free,Not confirmed,2022-01-02\n"
        "Di,a4@reader.example,Free,Not sending,2022-01-02\n",
        {"a1": (ACTIVE, None), "a2": (ENDED, None), "a3": (PENDING, None), "a4": (ENDED, ADMIN)},
    ),
    "CSV": (
        "E-Mail;Name;Status;Tags\n"
        "a1@reader.example;Ada;subscribed;vip\n"
        "a2@reader.example;Bob;unsubscribed;\n"
        "a3@reader.example;Cy;bounced;\n",
        {"a1": (ACTIVE, None), "a2": (ENDED, None), "a3": (ENDED, BOUNCED)},
    ),
    "a list of addresses": (
        "a1@reader.example\n\nBob <a2@reader.example>\n",
        {"a1": (ACTIVE, None), "a2": (ACTIVE, None)},
    ),
}
