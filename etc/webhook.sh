#!/bin/sh
# A sample for hook_on_problem and hook_on_ready: posts what is told as JSON to a webhook, by curl.
#
#   hook_on_problem = sh /usr/share/londiste-rs/etc/webhook.sh /etc/londiste/webhook.url
#
# The file's first line is the URL, such as https://chat.example/hooks/…; or the environment variable WEBHOOK_URL is.
# It is given to curl on no command line, where everybody could read it.
set -eu

if [ -n "${WEBHOOK_URL:-}" ]; then url=$WEBHOOK_URL; else IFS= read -r url <"${1:?name the file with the URL}"; fi

# A value as a JSON string: backslashes and quotes are escaped, control characters become blanks.
json() {
    printf '"%s"' "$(printf %s "$1" | tr '\000-\037\177' ' ' | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g')"
}

case $LONDISTE_STATE in
    problem) title="PROBLEM" ;;
    over) title="over" ;;
    *) title="ready" ;;
esac
text="$title ($LONDISTE_KIND) $LONDISTE_JOB: $LONDISTE_TEXT"
if [ -n "$LONDISTE_REMEDY" ]; then text="$text
to mend it: $LONDISTE_REMEDY"; fi

body=$(
    printf '{"text":%s' "$(json "$text")"
    printf ',"state":%s,"kind":%s' "$(json "$LONDISTE_STATE")" "$(json "$LONDISTE_KIND")"
    printf ',"queue":%s,"node":%s' "$(json "$LONDISTE_QUEUE")" "$(json "$LONDISTE_NODE")"
    printf ',"table":%s,"job":%s}' "$(json "$LONDISTE_TABLE")" "$(json "$LONDISTE_JOB")"
)

# The configuration comes by standard input, and with it the URL. A server that is away for a moment is tried again;
# hook_timeout ends that.
printf 'url = "%s"\n' "$url" | curl --config - --silent --show-error --fail --retry 3 --max-time 5 \
    --header 'Content-Type: application/json' --data-raw "$body" --output /dev/null
