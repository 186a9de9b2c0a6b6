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
    "Slack": "xoxb-" + "123456789012-abcdefABCDEF",
    "Slack, app": "xapp-" + "1-A0123-456-abcdef",
    "Stripe": "sk_live_" + "a1B2c3D4e5f6G7h8",
    "Stripe, restricted": "rk_test_" + "a1B2c3D4e5f6G7h8",
    "Google": "AIza" + "SyA-1234567890abcdefghijklmnopqrstu",
    "Google, OAuth": "ya29." + "a0AfH6SMBx-1234567890abcdef",
    "OpenAI": "sk-" + "proj-a1B2c3D4e5f6G7h8i9J0",
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
}
