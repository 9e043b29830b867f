"""The pure words of the house: ids, clocks, errors, tenancy, money, retry arithmetic and paging."""
