"""Names and forms of secrets, and names of what is none.

Tokens are put together from pieces, so that no scanner takes this file for a leak.
"""

from __future__ import annotations


def words(text: str) -> list[str]:
    return text.split()


SECRET_NAMES = words("""
    password Password PASSWORD passwd pwd PWD passphrase passcode new_password passwordConfirmation password1 password_hash
    db.password user[password] DB_PASSWORD PGPASSWORD spring.datasource.password DB_PASS smtp_pass
    token access_token accessToken refresh_token id_token GITHUB_TOKEN csrf-token X-Auth-Token _authToken session_token
    X-Amz-Security-Token auth_tokens NPM_TOKEN_PROD
    api_key apiKey api-key APIKEY x-api-key X-API-Key OPENAI_API_KEY stripeApiKey api_keys API_KEY_2
    secret client_secret clientSecret secrets SECRET_KEY aws_secret_access_key AWS_ACCESS_KEY_ID webhook_secret
    authorization Authorization proxy-authorization Proxy-Authorization cookie Cookie set-cookie Set-Cookie cookies
    credential credentials aws.credentials private_key privateKey SSH_PRIVATE_KEY ssh_key encryption_key signing-key
    AccountKey SharedAccessKey Ocp-Apim-Subscription-Key client-key-data X-Amz-Signature jwt
""")

PLAIN_NAMES = words("""
    max_tokens maxTokens input_tokens output_tokens total_tokens cache_read_input_tokens tokens token_count tokenCount
    token_type token_limit token_usage tokenizer tokenize cost_per_token time_to_first_token next_page_token eos_token
    secretary secret_name secretariat password_policy passwordless password_length password_reset_url
    author authority authorized authentication auth_type authorization_url authorizationEndpoint
    passed passenger bypass compass tests_passed passing
    key keys keyboard monkey primary_key foreign_key public_key cache_key sort_key idempotency_key private_key_id api_key_count
    cookie_policy cookiecutter credential_type credentials_file signature session_id correlation_id prompt_id tool_use_id
    name value description path stdout duration_ms cwd
""")

JWT = ".".join(("eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxMjM0NTY3ODkwIn0", "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"))
PEM = "\n".join(
    ("-----BEGIN RSA PRIVATE " + "KEY-----", "MIIEpAIBAAKCAQEA7bq", "k9d+/8Qw==", "-----END RSA PRIVATE KEY-----")
)

FORMS = {
    "JSON web token": JWT,
    "PEM": PEM,
    "OpenSSH": PEM.replace("RSA", "OPENSSH"),
    "PKCS 8": PEM.replace("RSA ", ""),
    "PGP": PEM.replace("RSA ", "PGP ").replace("KEY-", "KEY BLOCK-"),
    "AWS": "AKIA" + "IOSFODNN7EXAMPLE",
    "AWS, temporary": "ASIA" + "IOSFODNN7EXAMPLE",
    "GitHub": "ghp_" + "a1B2c3D4e5" * 4,
    "GitHub, server": "ghs_" + "a1B2c3D4e5" * 4,
    "GitHub, fine-grained": "github_pat_" + "11ABCDEFG0abcdefghij_" + "k1" * 29,
    "GitLab": "glpat-" + "a1B2c3D4e5f6G7h8-_.x",
    "Loopgraph": "lgt_" + "PNxMFQdxAQ-16mkBLASD73BmRmpWi20oV1HpDc_IwPo",
    "Slack": "xoxb-" + "123456789012-abcdefABCDEF",
    "Slack, app": "xapp-" + "1-A0123-456-abcdef",
    "Stripe": "sk_live_" + "a1B2c3D4e5f6G7h8",
    "Stripe, restricted": "rk_test_" + "a1B2c3D4e5f6G7h8",
    "Google": "AIza" + "SyA-1234567890abcdefghijklmnopqrstu",
    "Google, OAuth": "ya29." + "a0AfH6SMBx-1234567890abcdef",
    "OpenAI": "sk-" + "proj-a1B2c3D4e5f6G7h8i9J0",
    "Heroku": "HRKU-" + "AAZkQ2p5" * 7 + "-_x1",
    "Anthropic": "sk-ant-" + "api03-a1B2c3D4-e5f6G7h8_i9J0",
    "Hugging Face": "hf_" + "aBcDeFgHiJ" * 3 + "kLmN",
    "npm": "npm_" + "aBcDeFgHiJ" * 3 + "kLmNoP",
    "PyPI": "pypi-" + "AgEIcHlwaS5vcmc" * 4,
    "SendGrid": "SG." + "aBcDeFgHiJkLmNoPqRsTuV." + "aBcDeFgHiJkLmNoPqRsTuVwXyZ",
    "GitLab, feed": "glft-" + "a1B2c3D4e5f6G7h8i9J0",
    "Google, refresh": "1//0" + "gAbCdEfGhIjKlMnOpQrStUvWxYz-123456",
    "Azure storage": "a1B2c3D4e5/+" * 7 + "xY" + "==",
    "Azure, application": "abc8Q~" + "a1B2c3D4e5f6G7h8.-_~" + "i9J0k1L2m3N4o5",
    "Vault": "hvs." + "CAESIJ1a2b3c4d5e6f7g8h9",
    "Groq": "gsk_" + "a1B2c3D4e5" * 5,
    "xAI": "xai-" + "a1B2c3D4e5" * 8,
    "Databricks": "dapi" + "0123456789abcdef" * 2,
    "DigitalOcean": "dop_v1_" + "0123456789abcdef" * 4,
    "Docker": "dckr_pat_" + "a1B2c3D4e5-f6G7h8i9J0",
    "Linear": "lin_api_" + "a1B2c3D4e5" * 4,
    "Grafana": "glsa_" + "a1B2c3D4e5" * 3 + "_0123abcd",
    "Atlassian": "ATATT3x" + "a1B2c3D4e5-_" * 6 + "=1A2B3C4D",
    "Shopify": "shpca_" + "0123456789abcdef" * 2,
    "age": "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN" * 3,
    "Google, client": "GOCSPX-" + "a1B2c3D4e5f6G7h8i9J0k1L2",
    "RubyGems": "rubygems_" + "0123456789abcdef" * 3,
    "crates.io": "cio" + "a1B2c3D4" * 4,
    "Terraform Cloud": "a1B2c3D4e5f6G7" + ".atlasv1." + "a1B2c3D4e5" * 6,
    "Perplexity": "pplx-" + "a1b2c3d4" * 6,
    "Replicate": "r8_" + "a1B2c3D4" * 4 + "e5f6a",
    "Tavily": "tvly-" + "dev-" + "a1B2c3D4" * 4,
    "LangSmith": "lsv2_pt_" + "a1b2c3d4" * 4 + "_a1b2c3d4e5",
    "Langfuse": "sk-lf-" + "01234567-89ab-cdef-0123-456789abcdef",
    "Notion": "ntn_" + "a1B2c3D4" * 5 + "e5f6a1",
    "Dynatrace": "dt0c01." + "A1B2C3D4" * 3 + "." + "A1B2C3D4" * 8,
    "DeployGate": "dtn_" + "a1b2c3d4" * 4,
    "Supabase": "sbp_" + "0123456789abcdef" * 2 + "01234567",
    "Supabase, key": "sb_secret_" + "a1B2c3D4e5_f6G7h8i9J0k1",
    "Vercel": "vcp_" + "a1B2c3D4e5" * 5 + "f6G7h8",
    "Telegram": "123456789:" + "AAHdqTcv" * 4 + "abc",
    "Discord": "MTA1" + "a1B2c3D4e5f6G7h8i9J0" + ".GaBcDe." + "a1B2c3D4e5_" * 3 + "xYz01",
    "Twilio": "SK" + "0123456789abcdef" * 2,
    "Mailgun": "key-" + "0123456789abcdef" * 2,
    "Mailchimp": "0123456789abcdef" * 2 + "-us12",
    "Doppler": "dp.pt." + "a1B2c3D4e5" * 4,
    "Grafana Cloud": "glc_" + "eyJvIjoiMTIzNDU2Nzg5MCIsIm4iOiJ4In0a1B2c3D4",
    "New Relic": "NRAK-" + "A1B2C3D4E5" * 2 + "F6G7H8I",
    "Sentry": "sntrys_" + "eyJpYXQiOjE3MDAwMDAwMDAuMH0a1B2c3D4e5_f6G7h8i9J0",
    "Postman": "PMAK-" + "0123456789abcdef01234567" + "-" + "0123456789abcdef" * 2 + "01",
    "Pulumi": "pul-" + "0123456789abcdef" * 2 + "01234567",
    "PlanetScale": "pscale_tkn_" + "a1B2c3D4e5_-" * 3,
    "Fly": "fm2_" + "lJPECAAAAAAAAa1B2c3D4e5f6G7h8i9J0k1L2m3N4o5P6",
    "Figma": "figd_" + "a1B2c3D4e5-_" * 4,
    "Airtable": "pat" + "a1B2c3D4e5f6G7" + "." + "0123456789abcdef" * 4,
    "Square": "sq0atp-" + "a1B2c3D4e5-f6G7h8i9J0k",
}

NO_TOKENS = words("""
    req_011CSHoEeqs5C35K2UUqR7Fy toolu_01A09q90qw90lq917835lq9 msg_01XFDUDYJgAACzvnptvVoYEL chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT
    call_abc123DEF456ghi789JKL012 run_aBcDeFgHiJkLmNoPqRsTuVwX thread_a1B2c3D4e5f6G7h8i9J0k1L2 evt_1NirD82eZvKYlo2CjCJ4CKh9
    3f2a9c1b8e7d6f5a4b3c2d1e0f9a8b7c6d5e4f3a sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    0197a3c2-77aa-7000-8000-000000000001 01ARZ3NDEKTSV4RRFFQ69G5FAV 1.2.3-beta.4+build.20260101 v22.04.3-lts-arm64-20260101
    /usr/lib/python3.11/site-packages/some_package_name/module.py node_modules/@scope/package-name-long/dist/index.js
    AC0123456789abcdef0123456789abcdef pk_live_a1B2c3D4e5f6G7h8 arn:aws:iam::123456789012:role/some-role-name
    key-value-store-of-things
    gl-matrix-something-long-enough npm_config_registry_url_of_the_company hf_transfer_enabled_by_default_everywhere
    task-sk-something
    tvly-is-a-name-of-some-sort pplx-embed-model dp.audit.log fig_something_or_other_in_a_plot.png 12345678:AAPL:NASDAQ:USD
    cio-frontend-of-the-office-of-the-cio-of-us r8_modrm SKU-0123456789 i-0123456789abcdef0 us-east-1a-us12
    patient.records.of.the.day
""")
"""Ids, digests, versions, paths and names that begin or look like a token."""
