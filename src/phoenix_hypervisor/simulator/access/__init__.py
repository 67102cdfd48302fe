"""Who may do what in Proxmox VE: users, groups, roles and access control lists, and the tool pveum."""
