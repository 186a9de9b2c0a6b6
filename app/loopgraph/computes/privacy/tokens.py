"""The tokens of today's services, which are known by how they begin.

To know another one, add a line to ``TOKENS``, and an example of the same name to the tests, which ask for one of each.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Token(NamedTuple):
    """How the tokens of a service look.

    ``pattern`` is a verbose regular expression for the whole of one, behind which neither letter nor digit may follow; ``probe``
    one for bytes, for what tokens of it have in common, in one run of letters, digits and ``_.-~``: it is searched for first,
    so it must be cheap, and begin with plain characters.
    """

    service: str
    pattern: str
    probe: bytes


TOKENS: Final = (
    Token("AWS", "(?: AKIA | ASIA | ABIA | ACCA )[A-Z0-9]{16}", b"A[KSBC][IC]A[A-Z0-9]{16}"),
    Token("GitHub", "gh[pousr]_[A-Za-z0-9]{20,}", b"gh[pousr]_[A-Za-z0-9]{20}"),
    Token("GitHub, fine-grained", r"github_pat_\w{20,}", b"github_pat_"),
    Token(
        "GitLab",
        r"gl(?: pat | dt | rt | rtr | ptt | cbt | ft | ffct | soat | imt | agent | oas | wt )-[\w.-]{16,}",
        b"gl[a-z]{2,5}-[a-zA-Z0-9_.-]{16}",
    ),
    Token("Loopgraph", r"lgt_[\w-]{40,}", b"lgt_"),
    Token("Slack", r"xox[a-z][.-][\w.-]{10,}", rb"xox[a-z][.-]"),
    Token("Slack, app", r"xapp-[\w-]{10,}", b"xapp-"),
    Token("Stripe", r"sk_(?: live | test )_\w{10,}", b"sk_(?:live|test)_"),
    Token("Stripe, restricted", r"rk_(?: live | test )_\w{10,}", b"rk_(?:live|test)_"),
    Token("Google", r"AIza[\w-]{30,}", b"AIza"),
    Token("Google, OAuth", r"ya29\.[\w-]{20,}", rb"ya29\."),
    Token("Google, client", r"GOCSPX-[\w-]{20,}", b"GOCSPX-"),
    Token("OpenAI", r"sk-(?=[A-Za-z_-]*+\d)[\w-]{16,}", b"sk-(?<![a-mo-qsu-zA-Z0-9_-]sk-)"),
    Token("Hugging Face", "hf_[A-Za-z0-9]{30,}", b"hf_[A-Za-z0-9]{30}"),
    Token("npm", "npm_[A-Za-z0-9]{30,}", b"npm_[A-Za-z0-9]{30}"),
    Token("PyPI", r"pypi-[\w-]{40,}", b"pypi-"),
    Token("RubyGems", "rubygems_[a-f0-9]{48}", b"rubygems_"),
    Token("crates.io", "cio[A-Za-z0-9]{32}", b"cio[A-Za-z0-9]{32}"),
    Token("SendGrid", r"SG\.[\w-]{16,}\.[\w-]{16,}", rb"SG\."),
    Token("DigitalOcean", "do[oprt]_v1_[a-f0-9]{40,}", b"do[oprt]_v1_"),
    Token("Shopify", "shp(?: at | ca | pa | ss )_[a-fA-F0-9]{30,}", b"shp[a-z]{2}_"),
    Token("Vault", r"hv[sbr]\.[\w-]{20,}", rb"hv[sbr]\."),
    Token("Terraform Cloud", r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,}", rb"\.atlasv1\."),
    Token("Groq", "gsk_[A-Za-z0-9]{40,}", b"gsk_[A-Za-z0-9]{40}"),
    Token("xAI", "xai-[A-Za-z0-9]{40,}", b"xai-"),
    Token("Perplexity", "pplx-[A-Za-z0-9]{32,}", b"pplx-"),
    Token("Replicate", "r8_[A-Za-z0-9]{32,}", b"r8_[A-Za-z0-9]{32}"),
    Token("Tavily", r"tvly-(?=[A-Za-z-]*+\d)[\w-]{20,}", b"tvly-"),
    Token("LangSmith", "lsv2_(?: pt | sk )_[a-f0-9]{32}_[a-f0-9]{10}", b"lsv2_"),
    Token("Langfuse", "[sp]k-lf-[a-f0-9]{8}(?: -[a-f0-9]{4}){3}-[a-f0-9]{12}", b"k-lf-"),
    Token("Databricks", r"dapi[a-f0-9]{32}(?:-\d)?", b"dapi[a-f0-9]{32}"),
    Token("Docker", r"dckr_[ps]at_[\w-]{20,}", b"dckr_"),
    Token("Linear", "lin_(?: api | oauth )_[A-Za-z0-9]{32,}", b"lin_(?:api|oauth)_"),
    Token("Notion", "ntn_[A-Za-z0-9]{40,}", b"ntn_[A-Za-z0-9]{40}"),
    Token("Dynatrace", r"dt0[a-z]\d{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}", rb"dt0[a-z]\d\d\."),
    Token("DeployGate", "dtn_[A-Za-z0-9]{30,}", b"dtn_[A-Za-z0-9]{30}"),
    Token("Supabase", "sbp_[a-f0-9]{40,}", b"sbp_[a-f0-9]{40}"),
    Token("Supabase, key", r"sb_secret_[\w-]{20,}", b"sb_secret_"),
    Token("Vercel", "vc[pikar]_[A-Za-z0-9]{40,}", b"vc[pikar]_[A-Za-z0-9]{40}"),
    Token("Telegram", r"(?: bot )?\d{8,10}:AA[\w-]{33}", b"AA[A-Za-z0-9_-]{33}"),
    Token("Discord", r"[MNO][A-Za-z\d_-]{23,27}\.[\w-]{6}\.[\w-]{27,40}", rb"\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27}"),
    Token("Twilio", "SK[a-f0-9]{32}", b"SK[a-f0-9]{32}"),
    Token("Mailgun", "key-[a-f0-9]{32}", b"key-[a-f0-9]{32}"),
    Token(
        "Mailchimp", r"[a-f0-9]{32}-us\d{1,2}", rb"-us\d{1,2}(?<=[a-f0-9]{32}-us\d)|-us\d{2}(?<=[a-f0-9]{32}-us\d\d)"
    ),
    Token("Doppler", r"dp\.(?: pt | st | sa | ct | scim | audit )\.[\w.-]{30,}", rb"dp\.[a-z]{2,5}\."),
    Token("Grafana", r"glsa_\w{32,}", b"glsa_"),
    Token("Grafana Cloud", "glc_[A-Za-z0-9+/]{32,}={0,2}", b"glc_"),
    Token("New Relic", "NR(?: AK | II | RA | AL )-[A-Za-z0-9-]{24,}", b"NR(?:AK|II|RA|AL)-"),
    Token("Sentry", r"sntry[su]_[A-Za-z0-9+/=_-]{40,}", b"sntry[su]_"),
    Token("Atlassian", r"AT(?: ATT | CTT | BB )[A-Za-z0-9][\w=-]{24,}", b"AT(?:ATT|CTT|BB)[A-Za-z0-9]"),
    Token("Postman", "PMAK-[a-f0-9]{24}-[a-f0-9]{34}", b"PMAK-"),
    Token("Pulumi", "pul-[a-f0-9]{40}", b"pul-[a-f0-9]{40}"),
    Token("PlanetScale", r"pscale_(?: tkn | pw | oauth )_[\w.-]{32,}", b"pscale_"),
    Token("Fly", r"fm[12]_[\w+/=-]{40,}", b"fm[12]_[A-Za-z0-9_-]{20}"),
    Token("Figma", r"fig[dou]_[\w-]{40,}", b"fig[dou]_"),
    Token("Airtable", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}", rb"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    Token("Square", r"sq0(?: atp | csp )-[\w-]{22,}", b"sq0(?:atp|csp)-"),
    Token("age", "AGE-SECRET-KEY-1[A-Z0-9]{50,}", b"AGE-S"),
    Token("Heroku", r"HRKU-[\w-]{36,}", b"HRKU-"),
    Token("Azure, application", r"\w{3}8Q~[\w.~-]{31,40}", b"8Q~"),
)
