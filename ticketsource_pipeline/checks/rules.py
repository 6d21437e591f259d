"""All the rules, by what they look at."""

from ticketsource_pipeline.checks import completeness, fields, marts, money, references

CATALOG_RULES = (
    *completeness.CATALOG_RULES,
    *references.CATALOG_RULES,
    *fields.CATALOG_RULES,
)
RAW_RULES = (*completeness.RAW_RULES, *references.RAW_RULES, *fields.RAW_RULES)
SALES_RULES = (
    *money.RULES,
    *completeness.SALES_RULES,
    *references.SALES_RULES,
    *fields.SALES_RULES,
)
STORE_RULES = references.STORE_RULES
MART_RULES = marts.RULES
CUSTOMER_RULES = marts.CUSTOMER_RULES
